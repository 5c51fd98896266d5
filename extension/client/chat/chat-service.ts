/**
 * The chat without an editor: holds the conversation that is shown, asks for answers, streams them into the log and
 * announces every change. Views come and go; this is the truth.
 */
import { CancellationTokenSource, Emitter, type CancellationToken, type Event } from 'vscode-jsonrpc/node';
import type { ChatParams, ChatTurn, GenerationPart, GenerationResult } from '../../protocol/server.ts';
import type { AttachmentView, ChatChange, ContextView, PrefillView } from '../../protocol/webview.ts';
import { EngineError } from '../lib/engine-error.ts';
import type { Disposable } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';
import type { ConversationFiles, ConversationSummary } from './conversation-files.ts';
import {
  applyRecord,
  logVersion,
  openConversation,
  type Attachment,
  type Conversation,
  type LogRecord,
  type Turn,
} from './conversation.ts';
import { viewAttachment, viewTurn } from './message-view.ts';

/** What makes answers: the engine with a model loaded. */
export interface AnswerSource {
  /** Loads the model first where that is needed. Rejects with `EngineError`. */
  chat(params: ChatParams, token: CancellationToken, onPart: (part: GenerationPart) => void): Promise<GenerationResult>;
  /** Undefined while no model is loaded. */
  countTokens(text: string): Promise<number | undefined>;
}

export interface ChatServiceOptions {
  readonly files: ConversationFiles;
  readonly source: AnswerSource;
  readonly log: Log;
  readonly newId: () => string;
  /** The id of the conversation that was shown last in this workspace. */
  readonly lastShown: { get(): string | undefined; set(id: string): void };
  readonly limits: () => Pick<ChatParams, 'maxTokens' | 'sampler'>;
  readonly now?: () => number;
}

interface Live {
  readonly id: string;
  readonly cancellation: CancellationTokenSource;
  prefill: PrefillView | undefined;
  /** Text that is shown but not yet in the file. */
  unwritten: string;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** How much of an answer a crash may cost. */
const writeEveryMs = 250;

export class ChatService implements Disposable {
  readonly #options: ChatServiceOptions;
  readonly #changed = new Emitter<ConversationChange>();
  readonly onDidChange: Event<ConversationChange> = this.#changed.event;

  #conversation: Conversation;
  /** Whether the log of the shown conversation has its first record. */
  #opened = false;
  #attachments: { readonly attachment: Attachment; readonly view: AttachmentView }[] = [];
  #live: Live | undefined;

  constructor(options: ChatServiceOptions) {
    this.#options = options;
    this.#conversation = openConversation(options.newId(), this.#now());
  }

  get answering(): boolean {
    return this.#live !== undefined;
  }

  get conversation(): Conversation {
    return this.#conversation;
  }

  get view(): ConversationView {
    const { id, title, turns } = this.#conversation;
    return {
      conversationId: id,
      title,
      messages: turns.map((turn) => viewTurn(turn, this.#liveOf(turn))),
      attachments: this.#attachments.map(({ view }) => view),
      context: contextOf(this.#conversation),
    };
  }

  /** Shows the conversation that was shown when the window closed. */
  async restore(): Promise<void> {
    const id = this.#options.lastShown.get();
    if (id !== undefined && this.#conversation.turns.length === 0) await this.open(id);
  }

  /** Sends a question with the waiting attachments. False when an answer is being made. */
  send(text: string): boolean {
    if (this.#live !== undefined || text.trim() === '') return false;
    const attachments = this.#attachments.map(({ attachment }) => attachment);
    this.#attachments = [];
    this.#append({ type: 'user', at: this.#now(), id: this.#options.newId(), text, attachments });
    this.#changed.fire({ kind: 'attachments', attachments: [] });
    this.#announce(this.#conversation.turns.at(-1));
    void this.#answer();
    return true;
  }

  stop(): void {
    this.#live?.cancellation.cancel();
  }

  /** Makes the last answer again. */
  retry(): void {
    const last = this.#conversation.turns.at(-1);
    if (this.#live !== undefined || last === undefined) return;
    if (last.role === 'assistant') {
      this.#append({ type: 'drop', id: last.id });
      this.#reset();
    }
    void this.#answer();
  }

  async newChat(): Promise<void> {
    await this.#settle();
    if (this.#conversation.turns.length > 0) this.#show(openConversation(this.#options.newId(), this.#now()), false);
  }

  async open(id: string): Promise<boolean> {
    await this.#settle();
    const conversation = await this.#options.files.read(id);
    if (conversation === undefined) return false;
    this.#show(conversation, true);
    return true;
  }

  async remove(id: string): Promise<void> {
    const shown = id === this.#conversation.id;
    if (shown) await this.#settle();
    await this.#options.files.remove(id);
    if (shown) this.#show(openConversation(this.#options.newId(), this.#now()), false);
  }

  list(): Promise<ConversationSummary[]> {
    return this.#options.files.list();
  }

  attach(attachment: Attachment): void {
    const same = this.#attachments.find(({ view }) => view.label === viewAttachment(attachment, undefined).label);
    if (same?.attachment.text === attachment.text) return;
    this.#attachments.push({ attachment, view: viewAttachment(attachment, undefined) });
    this.#announceAttachments();
    void this.#count(attachment);
  }

  detach(id: string): void {
    this.#attachments = this.#attachments.filter(({ attachment }) => attachment.id !== id);
    this.#announceAttachments();
  }

  attachment(id: string): Attachment | undefined {
    const waiting = this.#attachments.map(({ attachment }) => attachment);
    const sent = this.#conversation.turns.flatMap((turn) => (turn.role === 'user' ? turn.attachments : []));
    return [...waiting, ...sent].find((attachment) => attachment.id === id);
  }

  /** Settles when everything shown is in the file. */
  async flush(): Promise<void> {
    this.#writeText();
    await this.#options.files.flush();
  }

  dispose(): void {
    this.stop();
    this.#writeText();
    this.#changed.dispose();
  }

  async #answer(): Promise<void> {
    const { source, limits, newId } = this.#options;
    const live: Live = {
      id: newId(),
      cancellation: new CancellationTokenSource(),
      prefill: undefined,
      unwritten: '',
      timer: undefined,
    };
    const messages = this.#conversation.turns.filter(hasContent).map(toChatTurn);
    this.#live = live;
    this.#append({ type: 'answer', at: this.#now(), id: live.id });
    this.#announce(this.#conversation.turns.at(-1));
    let record: LogRecord;
    try {
      const { token } = live.cancellation;
      const { text, ...end } = await source.chat({ messages, ...limits() }, token, (part) => this.#onPart(live, part));
      this.#writeText();
      const shown = this.#conversation.turns.find(({ id }) => id === live.id)?.text;
      record = { type: 'end', id: live.id, end: pickEnd(end), ...(shown === text ? {} : { text }) };
    } catch (error) {
      const failure = EngineError.from(error);
      if (failure.code !== 'cancelled') this.#options.log.error(failure);
      this.#writeText();
      record = { type: 'error', id: live.id, code: failure.code, message: failure.message };
    }
    live.cancellation.dispose();
    this.#live = undefined;
    this.#append(record);
    this.#announce(this.#conversation.turns.find(({ id }) => id === live.id));
    this.#changed.fire({ kind: 'context', context: contextOf(this.#conversation) });
  }

  #onPart(live: Live, part: GenerationPart): void {
    if (this.#live !== live) return;
    if (part.kind === 'prefill') {
      const { done, total, remainingSeconds } = part;
      live.prefill = { done, total, remainingSeconds };
      this.#changed.fire({ kind: 'prefill', messageId: live.id, prefill: live.prefill });
      return;
    }
    const { text } = part;
    const offset = this.#conversation.turns.find(({ id }) => id === live.id)?.text.length ?? 0;
    this.#conversation = applyRecord(this.#conversation, { type: 'text', id: live.id, text });
    live.unwritten += text;
    live.timer ??= setTimeout(() => this.#writeText(), writeEveryMs);
    this.#changed.fire({ kind: 'text', messageId: live.id, offset, text });
  }

  #writeText(): void {
    const live = this.#live;
    if (live === undefined) return;
    clearTimeout(live.timer);
    live.timer = undefined;
    if (live.unwritten === '') return;
    this.#write([{ type: 'text', id: live.id, text: live.unwritten }]);
    live.unwritten = '';
  }

  /** Waits until no answer is being made: it is stopped, and what there is of it is kept. */
  async #settle(): Promise<void> {
    const live = this.#live;
    if (live === undefined) return;
    await new Promise<void>((resolve) => {
      const subscription = this.#changed.event(() => {
        if (this.#live === live) return;
        subscription.dispose();
        resolve();
      });
      live.cancellation.cancel();
    });
  }

  #show(conversation: Conversation, opened: boolean): void {
    this.#conversation = conversation;
    this.#opened = opened;
    this.#options.lastShown.set(conversation.id);
    this.#reset();
  }

  #append(record: LogRecord): void {
    const { id, createdAt } = this.#conversation;
    const first: LogRecord[] = this.#opened ? [] : [{ type: 'open', version: logVersion, id, at: createdAt }];
    if (!this.#opened) this.#options.lastShown.set(id);
    this.#opened = true;
    this.#conversation = applyRecord(this.#conversation, record);
    this.#write([...first, record]);
  }

  #write(records: readonly LogRecord[]): void {
    this.#options.files
      .append(this.#conversation.id, records)
      .catch((error: unknown) => this.#options.log.error(`The chat could not be saved: ${String(error)}`));
  }

  async #count(attachment: Attachment): Promise<void> {
    const tokens = await this.#options.source.countTokens(attachment.text).catch(() => undefined);
    const index = this.#attachments.findIndex((waiting) => waiting.attachment === attachment);
    if (tokens === undefined || index < 0) return;
    this.#attachments = this.#attachments.with(index, { attachment, view: viewAttachment(attachment, tokens) });
    this.#announceAttachments();
  }

  #announce(turn: Turn | undefined): void {
    if (turn !== undefined) this.#changed.fire({ kind: 'message', message: viewTurn(turn, this.#liveOf(turn)) });
  }

  #announceAttachments(): void {
    this.#changed.fire({ kind: 'attachments', attachments: this.#attachments.map(({ view }) => view) });
  }

  #reset(): void {
    this.#changed.fire({ kind: 'conversation' });
  }

  #liveOf(turn: Turn): { prefill: PrefillView | undefined } | undefined {
    return this.#live?.id === turn.id ? this.#live : undefined;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

export interface ConversationView {
  readonly conversationId: string;
  readonly title: string;
  readonly messages: readonly ReturnType<typeof viewTurn>[];
  readonly attachments: readonly AttachmentView[];
  readonly context: ContextView | undefined;
}

/** What the view is told, and that another conversation (or less of this one) is shown. */
export type ConversationChange = Exclude<ChatChange, { kind: 'reset' }> | { readonly kind: 'conversation' };

function hasContent(turn: Turn): boolean {
  return turn.role === 'user' || turn.text !== '';
}

function toChatTurn(turn: Turn): ChatTurn {
  if (turn.role === 'assistant') return { role: 'assistant', content: turn.text };
  const attachments = turn.attachments.map(({ id: _id, uri: _uri, ...context }) => context);
  return { role: 'user', content: turn.text, ...(attachments.length > 0 ? { attachments } : {}) };
}

function pickEnd(end: Omit<GenerationResult, 'text'>): Omit<GenerationResult, 'text'> {
  const { finishReason, timings, contextUsed, contextLength, omitted } = end;
  return { finishReason, timings, contextUsed, contextLength, omitted };
}

function contextOf({ turns }: Conversation): ContextView | undefined {
  const end = turns.findLast((turn) => turn.role === 'assistant' && turn.end !== undefined);
  if (end?.role !== 'assistant' || end.end === undefined) return undefined;
  return { used: end.end.contextUsed, total: end.end.contextLength };
}
