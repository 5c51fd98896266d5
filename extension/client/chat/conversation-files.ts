/** The logs on disk: one JSON Lines file for each conversation. Several windows may use one folder. */
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { appendLines } from '../../base/json-lines.ts';
import { readLog, type Conversation, type LogRecord } from './conversation.ts';
import { readSummary, type ConversationSummary } from './conversation-summary.ts';

const extension = '.jsonl';
/** A deleted conversation keeps its file for a while, so that deleting can be undone. */
const deletedExtension = '.deleted';
const keepDeletedMs = 24 * 60 * 60 * 1000;

export class ConversationFiles {
  readonly #folder: string;
  /** The folder of an earlier version. Its files are moved here before the first access. */
  readonly #formerFolder: string | undefined;
  #ready: Promise<void> | undefined;
  /** Writes are made one after the other, in the order in which they were asked for. */
  #queue: Promise<unknown> = Promise.resolve();
  /** Summaries of files that have not changed, by name. */
  #summaries = new Map<string, { readonly version: string; readonly summary: ConversationSummary | undefined }>();

  constructor(folder: string, formerFolder?: string) {
    this.#folder = folder;
    this.#formerFolder = formerFolder;
  }

  /**
   * Settles when the records are in the file. `missing`: another window deleted the conversation, and nothing was
   * written. Rejects when the disk fails or is full.
   */
  append(id: string, records: readonly LogRecord[]): Promise<'written' | 'missing'> {
    return this.#enqueue(async () => {
      const path = this.#path(id);
      if (records[0]?.type !== 'open' && !(await exists(path))) return 'missing';
      await appendLines(path, records, 'close');
      return 'written';
    });
  }

  /** Undefined when there is no such conversation, or when it is of a newer version. */
  async read(id: string): Promise<Conversation | undefined> {
    await this.#enqueue(() => Promise.resolve());
    const bytes = await readFile(this.#path(id)).catch(() => undefined);
    return bytes === undefined ? undefined : readLog(bytes);
  }

  /** Newest first. Conversations without a question are left out. */
  async list(): Promise<ConversationSummary[]> {
    await this.#enqueue(() => this.#purge());
    const names = await readdir(this.#folder).catch(() => []);
    const found: ConversationSummary[] = [];
    const before = this.#summaries;
    this.#summaries = new Map();
    for (const name of names.filter((entry) => entry.endsWith(extension))) {
      const path = join(this.#folder, name);
      try {
        const { size, mtimeMs, ino } = await stat(path);
        const version = `${size} ${mtimeMs} ${ino}`;
        const known = before.get(name);
        const summary = known?.version === version ? known.summary : await readSummary(path);
        this.#summaries.set(name, { version, summary });
        if (summary !== undefined) found.push(summary);
      } catch {
        // Deleted meanwhile, or unreadable. The others are still listed.
      }
    }
    return found.sort((a, b) => b.updatedAt - a.updatedAt);
  }

  /** Takes the conversation out of the list. `restore` brings it back, for a day at least. */
  async remove(id: string): Promise<void> {
    await this.#enqueue(async () => {
      const path = this.#path(id);
      if (await exists(path)) await rename(path, path + deletedExtension);
    });
  }

  async restore(id: string): Promise<void> {
    await this.#enqueue(async () => {
      const path = this.#path(id);
      if (!(await exists(path))) await rename(path + deletedExtension, path);
    });
  }

  /** Settles when all requested writes are done. */
  async flush(): Promise<void> {
    await this.#queue;
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => (this.#ready ??= this.#moveFormer())).then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #moveFormer(): Promise<void> {
    const former = this.#formerFolder;
    if (former === undefined) return;
    const names = await readdir(former).catch(() => []);
    if (names.length > 0) await mkdir(this.#folder, { recursive: true });
    for (const name of names.filter((entry) => entry.endsWith(extension))) {
      const target = join(this.#folder, name);
      if (!(await exists(target))) await rename(join(former, name), target).catch(() => undefined);
    }
  }

  async #purge(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names.filter((entry) => entry.endsWith(deletedExtension))) {
      const path = join(this.#folder, name);
      // Renaming changes this time.
      const { ctimeMs } = await stat(path).catch(() => ({ ctimeMs: Date.now() }));
      if (Date.now() - ctimeMs > keepDeletedMs) await rm(path, { force: true });
    }
  }

  #path(id: string): string {
    // Ids are made by us, but they come back from a workspace's memory.
    return join(this.#folder, id.replaceAll(/[^\w-]/g, '_') + extension);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
