/** Proposed edits on disk: a file for each, so that one that cannot be read costs no other. */
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../base/write-atomically.ts';
import { list, object, oneOf, passes, text, whole } from '../../protocol/check.ts';
import type { ProposalNote, ProposalRecord } from './proposal.ts';

const extension = '.json';
/** Rejected edits, which can be brought back. */
const rejectedExtension = '.rejected';
const mostRejected = 10;
/** Longer files are none of ours. */
const mostCharacters = 20_000_000;

const note = object<ProposalNote>({ kind: oneOf(['warning', 'info']), text: text() });
const record = object<ProposalRecord>({
  id: text({ pattern: /^[\w-]{1,64}$/u }),
  uri: text(),
  languageId: text(),
  title: text(),
  start: whole(),
  base: text({ most: mostCharacters }),
  proposed: text({ most: mostCharacters }),
  notes: list(note),
  asked: list(text()),
});

export class ProposalFiles {
  readonly #folder: string;
  /** Writes are made one after the other, in the order in which they were asked for. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Open ones and rejected ones, the oldest first. What cannot be read is left out, and left on the disk. */
  async readAll(): Promise<{ readonly open: readonly ProposalRecord[]; readonly rejected: readonly ProposalRecord[] }> {
    const names = await readdir(this.#folder).catch(() => []);
    const read = async (end: string): Promise<ProposalRecord[]> => {
      const found = await Promise.all(
        names
          .filter((name) => name.endsWith(end))
          .sort()
          .map((name) => this.#read(name)),
      );
      return found.filter((one) => one !== undefined);
    };
    return { open: await read(extension), rejected: await read(rejectedExtension) };
  }

  save(proposal: ProposalRecord): Promise<void> {
    return this.#enqueue(async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeAtomically(this.#path(proposal.id, extension), JSON.stringify(proposal));
    });
  }

  /** It was accepted or dropped. */
  remove(id: string): Promise<void> {
    return this.#enqueue(() => rm(this.#path(id, extension), { force: true }));
  }

  /** It can be brought back until ten others were rejected after it. */
  reject(id: string): Promise<void> {
    return this.#enqueue(async () => {
      await rename(this.#path(id, extension), this.#path(id, rejectedExtension));
      const names = (await readdir(this.#folder)).filter((name) => name.endsWith(rejectedExtension)).sort();
      for (const name of names.slice(0, -mostRejected)) await rm(join(this.#folder, name), { force: true });
    });
  }

  bringBack(id: string): Promise<void> {
    return this.#enqueue(() => rename(this.#path(id, rejectedExtension), this.#path(id, extension)));
  }

  /** Settles when everything that was asked for is on the disk. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  async #read(name: string): Promise<ProposalRecord | undefined> {
    try {
      const value: unknown = JSON.parse(await readFile(join(this.#folder, name), 'utf8'));
      return passes(record, value) ? record(value, name) : undefined;
    } catch {
      return undefined;
    }
  }

  #path(id: string, end: string): string {
    return join(this.#folder, id + end);
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(task);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}
