/**
 * Messages between the extension host (client) and the engine's process (server), over a local socket or node IPC.
 * One message is one exported constant. Cancellation is `$/cancelRequest`; streams are `$/progress` on the
 * request's `partialResultToken`. Failures carry `ErrorData`.
 */
import { NotificationType, NotificationType0, ProgressType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { ChatMessage, ErrorData, FinishReason, MemoryNeed, ModelInfo, SamplerOptions, Timings } from './model.ts';

type Token = string | number;

/** `initializationOptions` of the server: the settings of one client. */
export interface ServerOptions {
  readonly protocolVersion: number;
  /** Where models live; undefined = the platform's data folder (or PADDOCK_MODELS). */
  readonly modelsFolder: string | undefined;
  /** 0 = let the engine choose. */
  readonly threads: number;
  /** Leaves one core to other programs when the engine chooses. */
  readonly polite: boolean;
  /** 0 = let the engine choose. */
  readonly contextLength: number;
  /** Memory for earlier prompts, in bytes; 0 = none, undefined = let the engine choose. */
  readonly prefixCacheBytes: number | undefined;
  /** The most bytes of earlier prompts that are kept on disk, in the platform's data folder; 0 = none. */
  readonly snapshotBytes: number;
  /** Keys and values of the context in 8 instead of 16 bits. */
  readonly compactCache: boolean;
  /** After how many milliseconds a model that nobody uses is taken out of memory; 0 = never. */
  readonly idleMs: number;
  /** Catalogue name or path of the model that completes code; empty = as `CompletionModel` chooses. */
  readonly completionModel: string;
}

// ---- models -------------------------------------------------------------------------------------------------

/** One model that can be chosen: of the catalogue, or a file that the user brought. */
export interface ModelEntry {
  /** Catalogue name, or the file's path for a model the user brought. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly licence: string;
  readonly fileBytes: number;
  /** Bytes of an unfinished download on disk. */
  readonly partialBytes: number;
  readonly state: 'available' | 'partial' | 'downloading' | 'installed' | 'missing';
  readonly path: string | undefined;
  readonly recommended: boolean;
  /** A catalogue model that was trained to fill in code. */
  readonly completes: boolean;
  readonly source: 'catalogue' | 'user';
  readonly memory: MemoryNeed;
  /** `fits`: into the free memory. `tight`: into the memory of the machine, but not into what is free. */
  readonly fit: 'fits' | 'tight' | 'tooLarge';
}

export interface ModelList {
  readonly entries: readonly ModelEntry[];
  readonly folder: string;
  readonly totalMemory: number;
  readonly availableMemory: number;
}

/** The client lists the models, for the picker and the first-run view. */
export const ListModels = new RequestType0<ModelList, ErrorData>('paddock/models/list');

/** The editor's settings of the network (`http.*`). */
export interface NetworkSettings {
  /** False: connections are direct, whatever the other settings and the environment say. */
  readonly useProxy: boolean;
  /** URL of the proxy, also with user and password; empty = as the environment says. */
  readonly proxy: string;
  /** Value of the header Proxy-Authorization; empty = user and password of the proxy's URL. */
  readonly proxyAuthorization: string;
  /** Hosts that are reached directly; empty = as the environment says. */
  readonly noProxy: readonly string[];
  /** Whether certificates are checked. */
  readonly strictSsl: boolean;
  /** Whether the certificates of the operating system are trusted. */
  readonly systemCertificates: boolean;
}

export interface DownloadModelParams {
  readonly id: string;
  /** Read when the download starts; undefined = as the environment says. */
  readonly network?: NetworkSettings | undefined;
  readonly partialResultToken?: Token;
}
export interface DownloadProgress {
  readonly phase: 'connecting' | 'downloading' | 'verifying';
  readonly receivedBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  /** Undefined until a rate is known. */
  readonly remainingSeconds: number | undefined;
  /** Where the bytes come from, in words. */
  readonly source: string;
}
/** The client starts (or resumes) a download. Cancelling keeps the partial file. */
export const DownloadModel = new RequestType<DownloadModelParams, ModelEntry, ErrorData>('paddock/models/download');
export const DownloadModelProgress = new ProgressType<DownloadProgress>();

/** The client registers a GGUF file that the user already has. The file stays where it is. */
export const AddModel = new RequestType<{ readonly path: string }, ModelEntry, ErrorData>('paddock/models/add');
/** The client removes a downloaded model's file, or forgets one that the user brought (its file is kept). */
export const RemoveModel = new RequestType<{ readonly id: string }, null, ErrorData>('paddock/models/remove');

export interface LoadModelParams {
  readonly id: string;
  /**
   * Running answers of this client end first; otherwise they are cancelled. Those of other clients always end first.
   */
  readonly patient?: boolean;
  /** Only if it is in memory, as another client has loaded it. Fails with `noModel` otherwise. */
  readonly join?: boolean;
  readonly partialResultToken?: Token;
}
export interface LoadProgress {
  /** 0..1 */
  readonly fraction: number;
}
/**
 * The client loads a model, which answers it from now on. The loaded one is freed first, unless it is the same with the
 * same settings.
 */
export const LoadModel = new RequestType<LoadModelParams, ModelInfo, ErrorData>('paddock/model/load');
export const LoadModelProgress = new ProgressType<LoadProgress>();
/** The client frees the loaded model, whichever client has loaded it. Answers of other clients end first. */
export const UnloadModel = new RequestType0<null, ErrorData>('paddock/model/unload');
/** The client clears the prompt cache, in memory and on disk. */
export const ClearCache = new RequestType0<null, ErrorData>('paddock/cache/clear');

// ---- generation ---------------------------------------------------------------------------------------------

/** Parts of a streamed answer. `seq` counts from 0 over all parts of one request. */
export type GenerationPart =
  | {
      readonly kind: 'prefill';
      readonly seq: number;
      readonly done: number;
      readonly total: number;
      readonly remainingSeconds: number | undefined;
    }
  | { readonly kind: 'text'; readonly seq: number; readonly text: string; readonly tokens: number };

export interface CodeContext {
  /** Workspace-relative path, or the file name; shown to the model. */
  readonly path: string;
  readonly languageId: string;
  readonly text: string;
  /** 1-based, inclusive. Undefined = the whole file. */
  readonly startLine?: number;
  readonly endLine?: number;
}

/** A part that was left out of the prompt because it did not fit. The user sees it. */
export interface Omission {
  readonly kind: 'messages' | 'attachment' | 'surroundings';
  /** For `messages` their number, otherwise the name and lines of a file. */
  readonly what: string;
  readonly tokens: number;
}

export interface GenerationResult {
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly timings: Timings;
  /** Tokens of prompt and answer, out of `contextLength`. */
  readonly contextUsed: number;
  readonly contextLength: number;
  readonly omitted: readonly Omission[];
}

export interface ChatParams {
  /** Oldest first; the last is the user's. */
  readonly messages: readonly ChatTurn[];
  readonly maxTokens?: number;
  readonly sampler?: SamplerOptions;
  readonly partialResultToken?: Token;
}
export interface ChatTurn extends ChatMessage {
  readonly attachments?: readonly CodeContext[];
}
/** The client asks for the next answer of a conversation. */
export const Chat = new RequestType<ChatParams, GenerationResult, ErrorData>('paddock/chat');

/** Kinds of edits; each has a prompt of its own. `document` and `translate` change comments only. */
export const editKinds = ['rewrite', 'fix', 'document', 'tests', 'translate'] as const;
export type EditKind = (typeof editKinds)[number];

export interface EditParams {
  readonly kind: EditKind;
  readonly instruction: string;
  readonly path: string;
  readonly languageId: string;
  /** The document, or the part of it around the selection. */
  readonly text: string;
  /**
   * The selection, as offsets in `text` in UTF-16 units; empty for the function around the cursor. For `tests` it is
   * empty and says where the new tests go.
   */
  readonly start: number;
  readonly end: number;
  /** For `fix`: the diagnostics in the range. */
  readonly diagnostics: readonly EditDiagnostic[];
  /** Other code, for reference only. For `tests` the first is the code under test. */
  readonly references?: readonly CodeContext[];
  /** For `tests`: the name of the test framework, e.g. `pytest`. */
  readonly framework?: string;
  /**
   * Earlier rounds about the same range, oldest first. `instruction` then is a follow-up ("shorter", "keep the name"),
   * and the answer replaces the range as it was before the first round.
   */
  readonly previous?: readonly EditRound[];
  /**
   * Problems that the last replacement of `previous` has brought, e.g. of a language server: they are to be repaired.
   */
  readonly problems?: readonly string[];
  readonly partialResultToken?: Token;
}
export interface EditDiagnostic {
  /** Of `text`, from 1. */
  readonly line: number;
  readonly message: string;
  /** Places that explain the message, with lines from 1. */
  readonly related?: readonly RelatedPlace[];
}
export interface RelatedPlace {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}
/** One round of a conversation about an edit. */
export interface EditRound {
  readonly instruction: string;
  readonly replacement: string;
}
export interface EditResult extends GenerationResult {
  /** What `replacement` stands for: the selection, or the whole pieces of code that it cut. */
  readonly start: number;
  readonly end: number;
  /** Fence removed, indentation and line ends of the document restored. */
  readonly replacement: string;
  readonly syntax: SyntaxVerdict;
  /** The model was asked a second time, since its first answer broke the syntax or fixed nothing. */
  readonly repaired: boolean;
  /** Changes of code that were left out of an edit of comments. */
  readonly dropped: number;
}
/**
 * What a parser says of the document with the edit. `broken`: it has faults that it had not before. `unchecked`: no
 * grammar knows the language.
 */
export type SyntaxVerdict =
  | { readonly kind: 'ok' | 'unchecked' }
  | { readonly kind: 'broken'; readonly line: number; readonly message: string };
/** The client asks for a replacement of a selected range. */
export const Edit = new RequestType<EditParams, EditResult, ErrorData>('paddock/edit');
/** Parts of Chat. */
export const GenerationProgress = new ProgressType<GenerationPart>();

export type EditPart =
  | GenerationPart
  /** Before all others: what will be replaced, as offsets in `text`. */
  | { readonly kind: 'range'; readonly seq: number; readonly start: number; readonly end: number }
  /** The new code so far is dropped, and another comes. */
  | { readonly kind: 'again'; readonly seq: number };
export const EditProgress = new ProgressType<EditPart>();

export interface CompleteParams {
  /** Relative to the folder, with slashes; of a document without a folder its name. */
  readonly path: string;
  readonly languageId: string;
  /** What stands before and behind the cursor, as far as it may matter. */
  readonly prefix: string;
  readonly suffix: string;
  /** The workspace folder with the document: an absolute path. Files that the document imports are read there. */
  readonly folder?: string | undefined;
  /** Places that were edited or looked at lately, the latest last. */
  readonly recent?: readonly RecentPlace[] | undefined;
  /** Nobody has asked: only what is probably right is given, and at most one completion. */
  readonly automatic: boolean;
  /** Nothing is completed yet: what the prompt begins with is read, so that the next completion is soon there. */
  readonly justRead?: boolean | undefined;
  /** False: nothing is given in comments. */
  readonly inComments?: boolean | undefined;
  /** Tells what the model says while it says it; a part of it may be shown in the end. */
  readonly partialResultToken?: Token | undefined;
}
/** Some lines of a document. */
export interface RecentPlace {
  readonly path: string;
  /** From 1. */
  readonly startLine: number;
  readonly text: string;
}
/** Bounds of `recent`. */
export const recentPlaceLimits = { places: 12, lines: 60, characters: 8000 } as const;
export interface CompleteResult {
  /** Different completions, the best first; none when there is nothing to show. */
  readonly texts: readonly string[];
}
/** What the editor shows at the cursor. It goes before everything else that the engine does. */
export const Complete = new RequestType<CompleteParams, CompleteResult, ErrorData>('paddock/complete');
/** What the model has said since the last time. */
export const CompleteProgress = new ProgressType<string>();

export interface PlaceCodeParams {
  /** The whole document. */
  readonly text: string;
  readonly languageId: string;
  /** A block of the chat. */
  readonly code: string;
  /** Of the document's editor, as an offset: new functions go below the one around it. */
  readonly cursor?: number;
}
export type PlaceCodeResult =
  | {
      readonly kind: 'replace';
      /** Offsets in `text`, in UTF-16 units. */
      readonly start: number;
      readonly end: number;
      /** With the indentation and the line ends of the document. */
      readonly replacement: string;
      /** Statements of the code that fit nowhere, such as an example of its use. */
      readonly leftOut: number;
    }
  /** The document has nothing that the code could replace. */
  | { readonly kind: 'nowhere' }
  /** A comment such as "existing code" stands for lines that cannot be told. */
  | { readonly kind: 'unclear' };
/** The client asks where a block of the chat belongs. Needs no model. */
export const PlaceCode = new RequestType<PlaceCodeParams, PlaceCodeResult, ErrorData>('paddock/placeCode');

/** One file of a commit. */
export interface ChangedFile {
  readonly path: string;
  readonly change: 'added' | 'deleted' | 'renamed' | 'modified';
  /** Lines. */
  readonly added: number;
  readonly removed: number;
  /** Hunks of a unified diff; empty for files without readable text. */
  readonly patch: string;
}
export interface CommitMessageParams {
  readonly files: readonly ChangedFile[];
  /** Subjects of earlier commits, newest first, for their style. */
  readonly recentSubjects: readonly string[];
  /** What the user has typed already. */
  readonly draft: string;
  readonly partialResultToken?: Token;
}
export interface CommitMessageResult extends GenerationResult {
  /** Subject, and after a blank line the body if there is one. Empty when the model wrote none. */
  readonly message: string;
}
/** The client asks for the message of a commit. */
export const CommitMessage = new RequestType<CommitMessageParams, CommitMessageResult, ErrorData>(
  'paddock/commitMessage',
);
export type CommitMessagePart =
  | Extract<GenerationPart, { kind: 'prefill' }>
  /** The whole message so far. */
  | { readonly kind: 'message'; readonly seq: number; readonly message: string };
export const CommitMessageProgress = new ProgressType<CommitMessagePart>();

/** The client counts the tokens of a text, for the composer's meter. */
export const CountTokens = new RequestType<{ readonly text: string }, { readonly tokens: number }, ErrorData>(
  'paddock/tokens',
);

// ---- state --------------------------------------------------------------------------------------------------

/**
 * What the engine does, for all windows that share it. `otherModel`: another window has loaded this model, or loaded it
 * with other settings; the next request of this window loads its own again.
 */
export type EngineState =
  | { readonly kind: 'noModel' }
  | { readonly kind: 'loading'; readonly model: string; readonly fraction: number }
  | { readonly kind: 'ready'; readonly model: ModelInfo; readonly otherModel?: true }
  | {
      readonly kind: 'answering';
      readonly model: ModelInfo;
      readonly otherModel?: true;
      /** It answers another window. */
      readonly elsewhere?: true;
    }
  /** Nobody has used it for a while, so it is not in memory. The next request loads it again. */
  | { readonly kind: 'resting'; readonly model: ModelInfo; readonly otherModel?: true }
  | { readonly kind: 'failed'; readonly message: string; readonly data: ErrorData };

/**
 * The state of the model that answers, or of one that only completes. If there is no such one, the first does both.
 */
export interface RoleState {
  readonly role: 'chat' | 'completion';
  readonly state: EngineState;
}
/** The server announces what the engine does after `initialized` and at every change; the status bar shows it. */
export const EngineStateChanged = new NotificationType<RoleState>('paddock/engine/state');

// ---- the engine's process -----------------------------------------------------------------------------------

/** Whether the models are at work, for a program that leaves them the cores. */
export interface RoomWork {
  readonly busy: boolean;
}

/** A program without a window asks to be told of every change. It needs no `initialize`. */
export const FollowWork = new RequestType0<RoomWork, ErrorData>('paddock/work/follow');
export const WorkChanged = new NotificationType<RoomWork>('paddock/work/changed');

/** The client ends the process that all windows share, to start it anew. Settles before the process exits. */
export const EndEngine = new RequestType0<null, ErrorData>('paddock/engine/end');
/** The server says that it ends on purpose. Running requests of all windows count as interrupted. */
export const EngineEnds = new NotificationType0('paddock/engine/ends');

/**
 * The process that all windows share says once, over node IPC to the window that has started it, whether it listens.
 */
export type RoomStart = { readonly kind: 'listening' } | { readonly kind: 'refused'; readonly reason: string };
