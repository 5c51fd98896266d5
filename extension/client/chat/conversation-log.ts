/**
 * A conversation and its file. Each conversation writes its own records, whichever one is shown. A record that could
 * not be written is kept and written before the next one, so the file never has a gap.
 */
import type { ConversationFiles } from './conversation-files.ts';
import {
  applyRecord,
  logVersion,
  openConversation,
  recordsOf,
  type Conversation,
  type LogRecord,
} from './conversation.ts';

/** A crash loses at most this much of an answer. */
const writeEveryMs = 250;

export class ConversationLog {
  readonly #files: ConversationFiles;
  readonly #onFailure: (error: unknown) => void;
  #conversation: Conversation;
  #hasFile: boolean;
  #unsaved: LogRecord[] = [];
  #saving: Promise<void> | undefined;
  /** Text of an answer that is not in the file yet. */
  #text: { readonly id: string; text: string } | undefined;
  #textTimer: ReturnType<typeof setTimeout> | undefined;

  private constructor(
    files: ConversationFiles,
    onFailure: (error: unknown) => void,
    conversation: Conversation,
    hasFile: boolean,
  ) {
    this.#files = files;
    this.#onFailure = onFailure;
    this.#conversation = conversation;
    this.#hasFile = hasFile;
  }

  /** A new conversation. Its file is created with its first record. */
  static create(
    files: ConversationFiles,
    onFailure: (error: unknown) => void,
    id: string,
    at: number,
  ): ConversationLog {
    return new ConversationLog(files, onFailure, openConversation(id, at), false);
  }

  static async open(
    files: ConversationFiles,
    onFailure: (error: unknown) => void,
    id: string,
  ): Promise<ConversationLog | undefined> {
    const conversation = await files.read(id);
    return conversation === undefined ? undefined : new ConversationLog(files, onFailure, conversation, true);
  }

  get conversation(): Conversation {
    return this.#conversation;
  }

  /** Adds a record: in memory at once, in the file soon. */
  append(record: LogRecord): void {
    this.#conversation = applyRecord(this.#conversation, record);
    this.#writeText();
    this.#write(record);
  }

  /** Adds text to an answer: in memory at once, in the file after a short delay, in one record. */
  appendText(id: string, text: string): void {
    this.#conversation = applyRecord(this.#conversation, { type: 'text', id, text });
    if (this.#text?.id !== id) this.#writeText();
    this.#text ??= { id, text: '' };
    this.#text.text += text;
    this.#textTimer ??= setTimeout(() => this.#writeText(), writeEveryMs);
  }

  /** Settles when everything is in the file, or has failed once more. */
  async flush(): Promise<void> {
    this.#writeText();
    await this.#saving;
    if (this.#unsaved.length > 0) await this.#save();
  }

  #writeText(): void {
    clearTimeout(this.#textTimer);
    this.#textTimer = undefined;
    const unwritten = this.#text;
    this.#text = undefined;
    if (unwritten !== undefined) this.#write({ type: 'text', ...unwritten });
  }

  #write(record: LogRecord): void {
    if (!this.#hasFile) {
      const { id, createdAt } = this.#conversation;
      this.#unsaved.push({ type: 'open', version: logVersion, id, at: createdAt });
      this.#hasFile = true;
    }
    this.#unsaved.push(record);
    void this.#save();
  }

  #save(): Promise<void> {
    return (this.#saving ??= this.#writeUnsaved().finally(() => (this.#saving = undefined)));
  }

  async #writeUnsaved(): Promise<void> {
    while (this.#unsaved.length > 0) {
      const records = this.#unsaved;
      this.#unsaved = [];
      try {
        const outcome = await this.#files.append(this.#conversation.id, records);
        // Another window deleted the conversation while it continued here. Writes all of it again.
        if (outcome === 'missing') {
          this.#unsaved = recordsOf(this.#conversation);
          this.#text = undefined;
        }
      } catch (error) {
        this.#unsaved = [...records, ...this.#unsaved];
        this.#onFailure(error);
        return;
      }
    }
  }
}
