/** The attachments of the next question, with their token counts. */
import type { AttachmentView, Outcome } from '../../protocol/webview.ts';
import type { Attachment } from './conversation.ts';
import { viewAttachment } from './message-view.ts';

/** Characters of all attachments of a question: more than almost any context has room for. */
const longestTogether = 1_000_000;

export interface WaitingAttachmentsOptions {
  /** Undefined while no model is loaded. */
  readonly countTokens: (text: string) => Promise<number | undefined>;
  readonly onDidChange: (attachments: readonly AttachmentView[]) => void;
  readonly tooLargeText: (limit: number) => string;
}

interface Entry {
  readonly attachment: Attachment;
  readonly tokens: number | undefined;
}

export class WaitingAttachments {
  readonly #options: WaitingAttachmentsOptions;
  #entries: readonly Entry[] = [];

  constructor(options: WaitingAttachmentsOptions) {
    this.#options = options;
  }

  get views(): readonly AttachmentView[] {
    return this.#entries.map(({ attachment, tokens }) => viewAttachment(attachment, tokens));
  }

  get(id: string): Attachment | undefined {
    return this.#entries.find(({ attachment }) => attachment.id === id)?.attachment;
  }

  /** Attaching the same lines of the same file again changes nothing, unless their text has changed. */
  add(attachment: Attachment): Outcome {
    const others = this.#entries.filter((entry) => !isSamePlace(entry.attachment, attachment));
    const same = this.#entries.find((entry) => isSamePlace(entry.attachment, attachment));
    if (same?.attachment.text === attachment.text) return { done: true };
    const length = others.reduce((sum, entry) => sum + entry.attachment.text.length, attachment.text.length);
    if (length > longestTogether) return { done: false, reason: this.#options.tooLargeText(longestTogether) };
    this.#set([...others, { attachment, tokens: undefined }]);
    this.count();
    return { done: true };
  }

  remove(id: string): void {
    this.#set(this.#entries.filter(({ attachment }) => attachment.id !== id));
  }

  /** Removes all attachments and returns them for a question. */
  take(): readonly Attachment[] {
    const attachments = this.#entries.map(({ attachment }) => attachment);
    this.#set([]);
    return attachments;
  }

  /** Counts the tokens of attachments that were not counted yet. */
  count(): void {
    for (const { attachment, tokens } of this.#entries) if (tokens === undefined) void this.#count(attachment);
  }

  async #count(attachment: Attachment): Promise<void> {
    const tokens = await this.#options.countTokens(attachment.text).catch(() => undefined);
    const index = this.#entries.findIndex((entry) => entry.attachment === attachment);
    if (tokens !== undefined && index >= 0) this.#set(this.#entries.with(index, { attachment, tokens }));
  }

  #set(entries: readonly Entry[]): void {
    this.#entries = entries;
    this.#options.onDidChange(this.views);
  }
}

function isSamePlace(one: Attachment, other: Attachment): boolean {
  return one.uri === other.uri && one.startLine === other.startLine && one.endLine === other.endLine;
}
