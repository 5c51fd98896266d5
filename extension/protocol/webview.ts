/**
 * Messages between the chat view (webview) and the extension host (client), over `postMessage`: snapshot and deltas as
 * in view.ts, and what the user does.
 */
import { NotificationType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { ErrorCode, FinishReason, Timings } from './model.ts';
import type { DownloadProgress, EngineState, ModelEntry, Omission } from './server.ts';
import { anything, object, oneOf, optional, type Check } from './check.ts';
import { pageText, type RequestChecks, type ViewDelta, type ViewSnapshot } from './view.ts';

/** The state of the engine, seen from the editor: its own states and those in which it does not run. */
export type EngineView =
  | EngineState
  /** Not started: it starts when it is first needed. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'restarting'; readonly message: string; readonly delayMs: number };

// ---- state --------------------------------------------------------------------------------------------------

export interface AttachmentView {
  readonly id: string;
  /** E.g. `main.ts` or `main.ts:10-24`. */
  readonly label: string;
  /** The whole path, for the tooltip. */
  readonly path: string;
  readonly kind: 'file' | 'selection';
  /** Undefined while no model is loaded to count with. */
  readonly tokens: number | undefined;
}

export interface UserMessage {
  readonly id: string;
  readonly role: 'user';
  readonly text: string;
  readonly attachments: readonly AttachmentView[];
}

export interface PrefillView {
  readonly done: number;
  readonly total: number;
  readonly remainingSeconds: number | undefined;
}

/** The buttons beside an error. */
export const errorActions = [
  'retry',
  'editQuestion',
  'newChat',
  'chooseModel',
  'addModel',
  'restartEngine',
  'showLog',
  'openSettings',
  'continue',
] as const;
export type ErrorAction = (typeof errorActions)[number];

export interface ErrorView {
  readonly code: ErrorCode;
  readonly message: string;
  readonly actions: readonly ErrorAction[];
}

/** What goes before an answer of the chat. */
export type OtherWork = 'edit' | 'commitMessage';

export interface AssistantMessage {
  readonly id: string;
  readonly role: 'assistant';
  /** Markdown of the model: untrusted. */
  readonly text: string;
  /** `interrupted`: the window closed or the engine was restarted before the answer was complete. */
  readonly status: 'waiting' | 'streaming' | 'interrupted' | 'failed' | FinishReason;
  readonly prefill: PrefillView | undefined;
  /** Other work that runs first. */
  readonly waitingFor: OtherWork | undefined;
  readonly timings: Timings | undefined;
  readonly omitted: readonly Omission[];
  readonly error: ErrorView | undefined;
}
export type MessageView = UserMessage | AssistantMessage;

export interface ContextView {
  readonly used: number;
  readonly total: number;
}

export interface DownloadView {
  readonly id: string;
  readonly progress: DownloadProgress | undefined;
  /** Why the last attempt ended, in words. */
  readonly error: string | undefined;
}

export interface ModelsView {
  readonly entries: readonly ModelEntry[];
  readonly totalMemory: number;
  readonly availableMemory: number;
  /** Id of the loaded model, of the one being loaded, or of the one to load next; undefined = no model is installed. */
  readonly current: string | undefined;
  readonly downloads: readonly DownloadView[];
}

export interface ChatState {
  readonly conversationId: string;
  readonly title: string;
  readonly messages: readonly MessageView[];
  /** The attachments that go with the next question. */
  readonly attachments: readonly AttachmentView[];
  readonly context: ContextView | undefined;
  readonly engine: EngineView;
  /** Undefined until the engine has answered. */
  readonly models: ModelsView | undefined;
  /** The workspace is not trusted: no file may be changed. */
  readonly restricted?: boolean;
}

export type ChatSnapshot = ViewSnapshot<ChatState>;

export type ChatChange =
  /** The text of an answer grew. `offset` = its length before, in UTF-16 units. */
  | { readonly kind: 'text'; readonly messageId: string; readonly offset: number; readonly text: string }
  | { readonly kind: 'prefill'; readonly messageId: string; readonly prefill: PrefillView }
  /** A message is new or has changed otherwise. */
  | { readonly kind: 'message'; readonly message: MessageView }
  | { readonly kind: 'attachments'; readonly attachments: readonly AttachmentView[] }
  | { readonly kind: 'context'; readonly context: ContextView | undefined }
  | { readonly kind: 'engine'; readonly engine: EngineView }
  | { readonly kind: 'models'; readonly models: ModelsView | undefined }
  /** Another conversation is shown, messages went away, or the workspace is trusted now. */
  | { readonly kind: 'reset'; readonly state: ChatState };

export type ChatDelta = ViewDelta<ChatChange>;

// ---- view -> host -------------------------------------------------------------------------------------------

/** The view connects, or has lost a delta. */
export const GetSnapshot = new RequestType0<ChatSnapshot, void>('chat/snapshot');
/** The outcome of a request. `reason` says why it was refused; without one there was nothing to do. */
export interface Outcome {
  readonly done: boolean;
  readonly reason?: string;
}
/** The longest question, in UTF-16 units: longer than most contexts, short enough for the page to lay out. */
export const longestQuestion = 200_000;
/** The user sends a question with the waiting attachments. */
export const SendMessage = new RequestType<{ readonly text: string }, Outcome, void>('chat/send');
/** The user stops the answer. */
export const StopAnswer = new RequestType0<null, void>('chat/stop');
/** The user regenerates the last answer. */
export const RetryAnswer = new RequestType0<null, void>('chat/retry');
/** The user attaches the active editor's file or selection. */
export const Attach = new RequestType<{ readonly part: 'file' | 'selection' }, Outcome, void>('chat/attach');
/** The user removes an attachment that waits. */
export const Detach = new RequestType<{ readonly id: string }, null, void>('chat/detach');
/** The user clicks an attachment. */
export const RevealAttachment = new RequestType<{ readonly id: string }, null, void>('chat/reveal');

/** Where in the chat a block of code stands: what tells which file it is for. */
export interface CodeOrigin {
  /** The answer. */
  readonly messageId: string;
  /** The words behind the opening fence. */
  readonly info: string;
  /** The paragraph before the block, with back quotes around code. */
  readonly lead: string;
}
export const codeActions = ['copy', 'insert', 'apply', 'open'] as const;
export interface CodeBlockParams {
  readonly action: (typeof codeActions)[number];
  readonly code: string;
  readonly language: string;
  /** With `apply`. */
  readonly origin?: CodeOrigin;
}
/** The user presses a button of a code block. False: it could not be done, and the host has said why. */
export const UseCodeBlock = new RequestType<CodeBlockParams, boolean, void>('chat/code');
/** The user clicks a link in an answer. The host asks before opening it. */
export const OpenLink = new RequestType<{ readonly href: string }, null, void>('chat/link');
/** The user presses the button beside an error, or one of the view's own. */
export const RunAction = new RequestType<{ readonly action: ErrorAction }, null, void>('chat/action');

export interface ModelActionParams {
  readonly action: 'download' | 'cancel' | 'load';
  readonly id: string;
}
/** The user presses a button of a model's card. */
export const ModelAction = new RequestType<ModelActionParams, null, void>('chat/model');

// ---- host -> view -------------------------------------------------------------------------------------------

/** The host tells what has changed. */
export const Changed = new NotificationType<ChatDelta>('chat/delta');
/** The host asks the view to put the cursor into the composer. */
export const FocusComposer = new NotificationType<null>('chat/focus');

// ---- checks -------------------------------------------------------------------------------------------------

/** The requests that the view may send. */
export const chatRequests: RequestChecks = new Map<string, Check<unknown>>([
  [GetSnapshot.method, anything],
  [StopAnswer.method, anything],
  [RetryAnswer.method, anything],
  [SendMessage.method, object({ text: pageText })],
  [Attach.method, object({ part: oneOf(['file', 'selection']) })],
  [Detach.method, object({ id: pageText })],
  [RevealAttachment.method, object({ id: pageText })],
  [
    UseCodeBlock.method,
    object<CodeBlockParams>({
      action: oneOf(codeActions),
      code: pageText,
      language: pageText,
      origin: optional(object<CodeOrigin>({ messageId: pageText, info: pageText, lead: pageText })),
    }),
  ],
  [OpenLink.method, object({ href: pageText })],
  [RunAction.method, object({ action: oneOf(errorActions) })],
  [ModelAction.method, object<ModelActionParams>({ action: oneOf(['download', 'cancel', 'load']), id: pageText })],
]);
