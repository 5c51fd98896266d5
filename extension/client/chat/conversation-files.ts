/** The logs on disk: one JSON Lines file for each conversation. */
import { appendFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatRecord, parseLog, type Conversation, type LogRecord } from './conversation.ts';

export interface ConversationSummary {
  readonly id: string;
  readonly title: string;
  readonly updatedAt: number;
  readonly questions: number;
}

export class ConversationFiles {
  readonly #folder: string;
  /** Writes go one after the other, in the order they were asked for. */
  #queue: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Settles when the records are in the file. */
  append(id: string, records: readonly LogRecord[]): Promise<void> {
    const lines = records.map(formatRecord).join('');
    const write = this.#queue.then(async () => {
      await mkdir(this.#folder, { recursive: true });
      await appendFile(this.#path(id), lines);
    });
    this.#queue = write.catch(() => undefined);
    return write;
  }

  async read(id: string): Promise<Conversation | undefined> {
    await this.#queue;
    try {
      return parseLog(await readFile(this.#path(id), 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** Newest first. Conversations without a question are left out. */
  async list(): Promise<ConversationSummary[]> {
    await this.#queue;
    const names = await readdir(this.#folder).catch(() => []);
    const ids = names.filter((name) => name.endsWith(extension)).map((name) => name.slice(0, -extension.length));
    const conversations = await Promise.all(ids.map((id) => this.read(id)));
    return conversations
      .filter((conversation) => conversation !== undefined && conversation.turns.length > 0)
      .map((conversation) => summary(conversation as Conversation))
      .sort((a, b) => b.updatedAt - a.updatedAt);
  }

  async remove(id: string): Promise<void> {
    await this.#queue;
    await rm(this.#path(id), { force: true });
  }

  /** Settles when everything that was asked for is written. */
  async flush(): Promise<void> {
    await this.#queue;
  }

  #path(id: string): string {
    // Ids are made by us, but they come back from a workspace's memory.
    return join(this.#folder, id.replaceAll(/[^\w-]/g, '_') + extension);
  }
}

const extension = '.jsonl';

function summary({ id, title, updatedAt, turns }: Conversation): ConversationSummary {
  return { id, title, updatedAt, questions: turns.filter(({ role }) => role === 'user').length };
}
