import type { FinishReason, Timings } from '../../protocol/model.ts';
import type { NativeGenerateResult, NativeJob, NativeModel, NativeWork } from './binding.ts';
import { EngineError } from './errors.ts';
import type { Sampler } from './sampling.ts';

export interface GenerationRequest {
  readonly prompt: Int32Array;
  /** Maximum of new tokens; 0 = until the context is full. */
  readonly maxTokens: number;
  readonly sampler: Sampler;
  /** The answer begins with it, in the tokens that the model finds likeliest. */
  readonly opening?: string;
  readonly stop?: readonly string[];
  readonly stopTokens?: readonly number[];
  /** Given up before everything else that is remembered, and not kept on disk. */
  readonly transient?: boolean;
  /** Chat, when it is not given. */
  readonly work?: NativeWork;
  /** Gives the likelihoods of the tokens. */
  readonly likelihoods?: boolean;
  /** Draft tokens: the probable answer. Only the speed depends on them. */
  readonly prediction?: Int32Array;
}

export interface GenerationHooks {
  readonly signal: AbortSignal;
  /** Tokens of the prompt that are evaluated, of all; the cached ones count as done. */
  readonly onPrefill?: (done: number, total: number, cached: number) => void;
  readonly onText?: (text: string, tokens: number) => void;
}

export interface Generation {
  readonly text: string;
  readonly tokens: Int32Array;
  readonly finishReason: FinishReason;
  readonly timings: Timings;
  /** ln p of each token, and of the one that ended the answer if one did; empty unless asked for. */
  readonly likelihoods: Float64Array;
}

/**
 * Generates one answer. Cancelling is a normal end: the promise resolves with the partial answer and the finish reason
 * `cancelled`.
 */
export async function generate(
  model: NativeModel,
  request: GenerationRequest,
  hooks: GenerationHooks,
): Promise<Generation> {
  const { sampler } = request;
  const job = model.generate(
    {
      prompt: request.prompt,
      maxTokens: request.maxTokens,
      temperature: sampler.temperature,
      topK: sampler.topK,
      topP: sampler.topP,
      minP: sampler.minP,
      repetitionPenalty: sampler.repetitionPenalty,
      seed: sampler.seed,
      ...(request.opening === undefined ? {} : { opening: request.opening }),
      stop: [...(request.stop ?? [])],
      stopTokens: [...(request.stopTokens ?? [])],
      transient: request.transient ?? false,
      work: request.work ?? 'chat',
      likelihoods: request.likelihoods ?? false,
      ...(request.prediction === undefined ? {} : { prediction: request.prediction }),
    },
    (event) => {
      if (event.type === 'prefill') {
        hooks.onPrefill?.(event.done, event.total, event.cached);
      } else {
        hooks.onText?.(event.text, event.tokens);
      }
    },
  );
  const result = await settle(job, hooks.signal);
  const { text, tokens, finishReason, likelihoods = new Float64Array(0) } = result;
  return { text, tokens, finishReason, timings: toTimings(result), likelihoods };
}

/** Connects a native job to a signal and converts its errors. */
export async function settle<T>(job: NativeJob<T>, signal: AbortSignal): Promise<T> {
  const cancel = (): void => job.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) {
    cancel();
  }
  try {
    return await job.result;
  } catch (error) {
    throw EngineError.from(error);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function toTimings(result: NativeGenerateResult): Timings {
  const evaluated = result.promptTokens - result.cachedTokens;
  const decoded = result.tokens.length;
  return {
    promptTokens: result.promptTokens,
    cachedTokens: result.cachedTokens,
    prefillMs: result.prefillMs,
    completionTokens: decoded,
    decodeMs: result.decodeMs,
    prefillTokensPerSecond: rate(evaluated, result.prefillMs),
    decodeTokensPerSecond: rate(decoded, result.decodeMs),
  };
}

function rate(tokens: number, milliseconds: number): number {
  return milliseconds > 0 ? (tokens * 1000) / milliseconds : 0;
}
