/**
 * The chat without its view: holds the shown conversation, requests answers, streams them into the log and announces
 * every change. Views may be destroyed at any time; they only show this state.
 */
import { CancellationTokenSource, Emitter, type CancellationToken, type Event } from 'vscode-jsonrpc/node';
import type { ChatParams, GenerationPart, GenerationResult } from '../../protocol/server.ts';
import {
  longestQuestion,
  type AttachmentView,
  type ChatChange,
  type ContextView,
  type OtherWork,
  type Outcome,
} from '../../protocol/webview.ts';
import { EngineError } from '../lib/engine-error.ts';
import type { Disposable } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';
import { chatTurns, withOmitted } from './chat-turns.ts';
import type { ConversationFiles } from './conversation-files.ts';
import { ConversationLog } from './conversation-log.ts';
import type { ConversationSummary } from './conversation-summary.ts';
import type { Attachment, Conversation, LogRecord, Turn } from './conversation.ts';
import { viewTurn, type LiveView } from './message-view.ts';
import { WaitingAttachments } from './waiting-attachments.ts';

/** Makes answers: the engine with a model loaded. */
export interface AnswerSource {
  /** Loads the model first if need be. Rejects with `EngineError`. */
  chat(params: ChatParams, token: CancellationToken, onPart: (part: GenerationPart) => void): Promise<GenerationResult>;
  /** Undefined while no model is loaded. */
  countTokens(text: string): Promise<number | undefined>;
  /** Work of this window that goes before answers. */
  busyWith?(): OtherWork | undefined;
  /** It may be other work now, or none. */
  readonly onDidChangeWork?: Event<void>;
}

export interface ChatServiceOptions {
  readonly files: ConversationFiles;
  readonly source: AnswerSource;
  readonly log: Log;
  readonly newId: () => string;
  /** The id of the conversation that was shown last in this workspace. */
  readonly lastShown: { get(): string | undefined; set(id: string): void };
  readonly limits: () => Pick<ChatParams, 'maxTokens' | 'sampler'>;
  /** Texts that the user sees, translated. */
  readonly texts: {
    readonly answering: string;
    readonly opening: string;
    readonly questionTooLong: (length: number, limit: number) => string;
    readonly attachmentsTooLarge: (limit: number) => string;
  };
  /** A record could not be saved. It is retried with the next one. */
  readonly onSaveFailed: (error: unknown) => void;
  readonly now?: () => number;
}

/** The running answer. It holds its own log, so its text always goes to its own conversation. */
interface LiveAnswer extends LiveView {
  readonly id: string;
  readonly log: ConversationLog;
  readonly cancellation: CancellationTokenSource;
  done: Promise<void>;
}

export class ChatService implements Disposable {
  readonly #options: ChatServiceOptions;
  readonly #changed = new Emitter<ConversationChange>();
  readonly onDidChange: Event<ConversationChange> = this.#changed.event;
  readonly #attachments: WaitingAttachments;

  #log: ConversationLog;
  #live: LiveAnswer | undefined;
  /** Switches to another conversation that are in progress. */
  #switching = 0;
  #latestSwitch = 0;
  /** The window closes: an unfinished answer stays unfinished. */
  #closing = false;

  readonly #workChanged: Disposable | undefined;

  constructor(options: ChatServiceOptions) {
    this.#options = options;
    this.#log = this.#newLog();
    this.#attachments = new WaitingAttachments({
      countTokens: (text) => options.source.countTokens(text),
      onDidChange: (attachments) => this.#changed.fire({ kind: 'attachments', attachments }),
      tooLargeText: options.texts.attachmentsTooLarge,
    });
    this.#workChanged = options.source.onDidChangeWork?.(() => this.#onWork());
  }

  get answering(): boolean {
    return this.#live !== undefined;
  }

  get conversation(): Conversation {
    return this.#log.conversation;
  }

  get view(): ConversationView {
    const { id, title, turns } = this.conversation;
    return {
      conversationId: id,
      title,
      messages: turns.map((turn) => viewTurn(turn, this.#liveOf(turn))),
      attachments: this.#attachments.views,
      context: contextOf(this.conversation),
    };
  }

  /** Shows the conversation that was shown when the window closed. */
  async restore(): Promise<void> {
    const id = this.#options.lastShown.get();
    if (id !== undefined && this.conversation.turns.length === 0) await this.open(id);
  }

  /** Sends a question with the waiting attachments. */
  send(text: string): Outcome {
    const { newId, texts } = this.#options;
    if (text.trim() === '') return { done: false };
    if (text.length > longestQuestion) {
      return { done: false, reason: texts.questionTooLong(text.length, longestQuestion) };
    }
    if (this.#switching > 0) return { done: false, reason: texts.opening };
    if (this.#live !== undefined) return { done: false, reason: texts.answering };
    const attachments = this.#attachments.take();
    this.#append({ type: 'user', at: this.#now(), id: newId(), text, attachments });
    this.#announce(this.conversation.turns.at(-1));
    this.#answer();
    return { done: true };
  }

  stop(): void {
    this.#live?.cancellation.cancel();
  }

  /** Regenerates the last answer. */
  retry(): void {
    const last = this.conversation.turns.at(-1);
    if (this.#live !== undefined || this.#switching > 0 || last === undefined) return;
    if (last.role === 'assistant') {
      this.#append({ type: 'drop', id: last.id });
      this.#changed.fire({ kind: 'conversation' });
    }
    this.#answer();
  }

  async newChat(): Promise<void> {
    await this.#switchTo(() => Promise.resolve(this.conversation.turns.length > 0 ? this.#newLog() : this.#log));
  }

  /** False when there is no such conversation, or it cannot be read. */
  open(id: string): Promise<boolean> {
    const { files, onSaveFailed } = this.#options;
    return this.#switchTo(async () => {
      await this.#log.flush();
      return ConversationLog.open(files, onSaveFailed, id);
    });
  }

  /** Takes a conversation out of the list. `restoreRemoved` brings it back. */
  async remove(id: string): Promise<void> {
    const { files } = this.#options;
    if (id !== this.conversation.id) return files.remove(id);
    await this.#switchTo(async () => {
      await this.#log.flush();
      await files.remove(id);
      return this.#newLog();
    });
  }

  async restoreRemoved(id: string): Promise<void> {
    await this.#options.files.restore(id);
    if (this.conversation.turns.length === 0) await this.open(id);
  }

  list(): Promise<ConversationSummary[]> {
    return this.#options.files.list();
  }

  attach(attachment: Attachment): Outcome {
    return this.#attachments.add(attachment);
  }

  detach(id: string): void {
    this.#attachments.remove(id);
  }

  /** A model was loaded, so attachments that were added before can be counted now. */
  countAttachments(): void {
    this.#attachments.count();
  }

  /** Whether this answer is still being written. */
  isLive(messageId: string): boolean {
    return this.#live?.id === messageId;
  }

  /** What was attached to the question of an answer. */
  attachmentsFor(messageId: string): readonly Attachment[] {
    const { turns } = this.conversation;
    const answer = turns.findIndex(({ id }) => id === messageId);
    const question = turns.slice(0, Math.max(0, answer)).findLast((turn) => turn.role === 'user');
    return question?.role === 'user' ? question.attachments : [];
  }

  attachment(id: string): Attachment | undefined {
    const sent = this.conversation.turns.flatMap((turn) => (turn.role === 'user' ? turn.attachments : []));
    return this.#attachments.get(id) ?? sent.find((attachment) => attachment.id === id);
  }

  /** Settles when everything shown is in the file. */
  async flush(): Promise<void> {
    await this.#log.flush();
    await this.#options.files.flush();
  }

  /** The window closes. A running answer counts as interrupted, whatever the engine reports after this. */
  async shutDown(): Promise<void> {
    this.#closing = true;
    await this.flush();
  }

  dispose(): void {
    this.#closing = true;
    this.#workChanged?.dispose();
    this.stop();
    void this.#log.flush();
    this.#changed.dispose();
  }

  #answer(): void {
    const { newId, source } = this.#options;
    const live: LiveAnswer = {
      id: newId(),
      log: this.#log,
      cancellation: new CancellationTokenSource(),
      prefill: undefined,
      waitingFor: source.busyWith?.(),
      done: Promise.resolve(),
    };
    const messages = this.conversation.turns;
    this.#live = live;
    this.#append({ type: 'answer', at: this.#now(), id: live.id });
    this.#announce(this.conversation.turns.at(-1));
    live.done = this.#run(live, messages);
  }

  async #run(live: LiveAnswer, before: readonly Turn[]): Promise<void> {
    const { source, limits } = this.#options;
    const { turns, omitted } = chatTurns(before);
    let record: LogRecord | undefined;
    try {
      const params = { messages: turns, ...limits() };
      const result = await source.chat(params, live.cancellation.token, (part) => this.#onPart(live, part));
      record = endRecord(live, withOmitted(result, omitted));
    } catch (error) {
      record = this.#failureRecord(live, EngineError.from(error));
    }
    live.cancellation.dispose();
    this.#live = undefined;
    if (this.#closing) return;
    if (record !== undefined) live.log.append(record);
    this.#announce(live.log.conversation.turns.find(({ id }) => id === live.id));
    this.#changed.fire({ kind: 'context', context: contextOf(live.log.conversation) });
  }

  /** Undefined for an interruption: an answer without an end or error record counts as interrupted. */
  #failureRecord({ id }: LiveAnswer, failure: EngineError): LogRecord | undefined {
    if (failure.interrupted) return undefined;
    if (failure.code !== 'cancelled') this.#options.log.error(failure);
    return { type: 'error', id, code: failure.code, message: failure.message };
  }

  /** An answer waits while other work goes on, and says so. */
  #onWork(): void {
    const live = this.#live;
    const waitingFor = this.#options.source.busyWith?.();
    if (live === undefined || this.#closing || live.waitingFor === waitingFor) return;
    live.waitingFor = waitingFor;
    this.#announce(live.log.conversation.turns.find(({ id }) => id === live.id));
  }

  #onPart(live: LiveAnswer, part: GenerationPart): void {
    if (this.#live !== live || this.#closing) return;
    if (part.kind === 'prefill') {
      const { done, total, remainingSeconds } = part;
      live.prefill = { done, total, remainingSeconds };
      this.#changed.fire({ kind: 'prefill', messageId: live.id, prefill: live.prefill });
      return;
    }
    const { text } = part;
    const offset = answerText(live).length;
    live.log.appendText(live.id, text);
    this.#changed.fire({ kind: 'text', messageId: live.id, offset, text });
  }

  /**
   * The only way to show another conversation. Questions are refused until it is loaded, because they would go to the
   * old one. A later switch overrides an earlier one that is still loading.
   */
  async #switchTo(load: () => Promise<ConversationLog | undefined>): Promise<boolean> {
    const turn = ++this.#latestSwitch;
    this.#switching++;
    try {
      this.stop();
      await this.#live?.done;
      const log = await load();
      if (log === undefined) return false;
      if (turn === this.#latestSwitch && log !== this.#log) this.#show(log);
      return true;
    } finally {
      this.#switching--;
    }
  }

  #show(log: ConversationLog): void {
    this.#log = log;
    this.#options.lastShown.set(log.conversation.id);
    this.#changed.fire({ kind: 'conversation' });
  }

  #append(record: LogRecord): void {
    if (this.conversation.turns.length === 0) this.#options.lastShown.set(this.conversation.id);
    this.#log.append(record);
  }

  #newLog(): ConversationLog {
    const { files, newId, onSaveFailed } = this.#options;
    return ConversationLog.create(files, onSaveFailed, newId(), this.#now());
  }

  #announce(turn: Turn | undefined): void {
    if (turn !== undefined) this.#changed.fire({ kind: 'message', message: viewTurn(turn, this.#liveOf(turn)) });
  }

  #liveOf(turn: Turn): LiveView | undefined {
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

/** Announces that another conversation, or less of this one, is shown. */
export type ConversationChange = Exclude<ChatChange, { kind: 'reset' }> | { readonly kind: 'conversation' };

function answerText({ id, log }: LiveAnswer): string {
  return log.conversation.turns.findLast((turn) => turn.id === id)?.text ?? '';
}

function endRecord(live: LiveAnswer, result: GenerationResult): LogRecord {
  const { text, finishReason, timings, contextUsed, contextLength, omitted } = result;
  const end = { finishReason, timings, contextUsed, contextLength, omitted };
  return { type: 'end', id: live.id, end, ...(answerText(live) === text ? {} : { text }) };
}

function contextOf({ turns }: Conversation): ContextView | undefined {
  const end = turns.findLast((turn) => turn.role === 'assistant' && turn.end !== undefined);
  if (end?.role !== 'assistant' || end.end === undefined) return undefined;
  return { used: end.end.contextUsed, total: end.end.contextLength };
}
