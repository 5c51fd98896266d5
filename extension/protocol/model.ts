/**
 * Value types that every layer shares. Data that crosses a process or window border is plain and readonly.
 */

/** Raised when a message changes its meaning; both ends of a connection compare it in `initialize`. */
export const protocolVersion = 1;

/** Why an answer ended: end token or stop string, token limit, or cancelled by the user. */
export type FinishReason = 'stop' | 'length' | 'cancelled';

/** How long one generation took and what it cost. Times in milliseconds. */
export interface Timings {
  readonly promptTokens: number;
  /** Prompt tokens whose keys and values were already in the cache. */
  readonly cachedTokens: number;
  readonly prefillMs: number;
  readonly completionTokens: number;
  readonly decodeMs: number;
  /** Evaluated (not cached) prompt tokens per second; 0 when all were cached. */
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
}

/** What the engine needs in memory for one model at one context length. Bytes. */
export interface MemoryNeed {
  readonly weights: number;
  readonly kvCache: number;
  readonly scratch: number;
  /** The size limit of the prompt cache. */
  readonly prefixCache: number;
  readonly total: number;
}

/** Facts about a loaded model. */
export interface ModelInfo {
  readonly path: string;
  readonly name: string;
  readonly architecture: string;
  readonly parameters: number;
  /** E.g. `Q4_K_M`; derived from the tensors when the file does not say. */
  readonly quantization: string;
  /** The current context in tokens: the user sees this number, and prompts are trimmed to it. */
  readonly contextLength: number;
  readonly trainedContextLength: number;
  readonly memory: MemoryNeed;
  /** The instruction-set specific kernel table that runs, e.g. `avx2`. */
  readonly kernels: string;
  /** At most as many as the CPUs that the process may use. */
  readonly threads: number;
  /** The requested number; 0 = automatic. Larger than `threads` when there are fewer CPUs. */
  readonly requestedThreads: number;
  /** The threads used for decoding and for prefill. When automatic, the fastest in a trial. */
  readonly decodeThreads: number;
  readonly prefillThreads: number;
  /** `undefined` when the file carries no chat template and ChatML stands in for it. */
  readonly chatTemplate: string | undefined;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface SamplerOptions {
  /** 0 is greedy. */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly seed?: number;
}

/**
 * Error codes that cross process borders. Code compares the code of an error, never its message. The message can be
 * shown to the user: it says what happened and what to do.
 */
export const errorCodes = [
  'cancelled',
  'notFound',
  'notAFile',
  'noPermission',
  'invalidModel',
  'unsupportedModel',
  'invalidArgument',
  'outOfMemory',
  'promptTooLong',
  'noModel',
  'busy',
  'diskFull',
  'digestMismatch',
  'networkUnavailable',
  'templateFailed',
  'engineUnavailable',
  'engineStopped',
  'internal',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** `data` of every JSON-RPC error response. */
export interface ErrorData {
  readonly code: ErrorCode;
  /** The technical cause, for the log. */
  readonly cause?: string;
}
