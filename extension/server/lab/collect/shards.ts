/**
 * The folder that answers are collected in: numbered files that are only appended to, the failures of the latest run,
 * and what all answers depend on. A killed run leaves at most an unfinished last line, which is dropped.
 */
import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { appendLinesSync, wholeLines } from '../../../base/json-lines.ts';
import { object, text } from '../../../protocol/check.ts';
import { EngineError } from '../../engine/errors.ts';
import { Journal } from '../journal.ts';

/** Records of a file; small enough to look at. */
export const shardRecords = 200;

export class Shards {
  readonly #folder: string;
  readonly #done = new Set<string>();
  #number = 1;
  #records = 0;
  #file: number | undefined;

  /**
   * `identity` is what all answers depend on; undefined when none are made, only taken over. Throws `invalidArgument`
   * when the folder holds answers that were made in another way.
   */
  constructor(folder: string, identity: Readonly<Record<string, unknown>> | undefined) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    if (identity !== undefined) {
      new Journal(join(folder, 'collect.jsonl'), identity).close();
      rmSync(this.#path(failsName), { force: true });
    }
    for (const name of readdirSync(folder)
      .filter((entry) => shardPattern.test(entry))
      .sort()) {
      this.#number = Number(shardPattern.exec(name)?.[1]);
      this.#records = this.#read(this.#path(name));
    }
  }

  /** Whether the prompt has an answer. */
  has(id: string): boolean {
    return this.#done.has(id);
  }

  get count(): number {
    return this.#done.size;
  }

  get files(): number {
    return this.#done.size === 0 ? 0 : this.#number;
  }

  /** The answer is on the disk when this returns: it took seconds to make. */
  append(record: { readonly id: string }): void {
    if (this.#records >= shardRecords) {
      this.close();
      this.#number++;
      this.#records = 0;
    }
    this.#file ??= openSync(this.#path(shardName(this.#number)), 'a+', 0o600);
    appendLinesSync(this.#file, [record], 'cut');
    fdatasyncSync(this.#file);
    this.#records++;
    this.#done.add(record.id);
  }

  fail(record: { readonly id: string }): void {
    const file = openSync(this.#path(failsName), 'a+', 0o600);
    try {
      appendLinesSync(file, [record], 'cut');
    } finally {
      closeSync(file);
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  /** Returns how many records the file has. */
  #read(path: string): number {
    const file = openSync(path, 'r+');
    try {
      const { lines, bytes } = wholeLines(readFileSync(file));
      ftruncateSync(file, bytes);
      lines.forEach((line) => this.#done.add(idOf(line, path)));
      return lines.length;
    } finally {
      closeSync(file);
    }
  }
}

export const failsName = 'fails.jsonl';
const shardPattern = /^answers-(\d{5})\.jsonl$/u;

function shardName(number: number): string {
  return `answers-${String(number).padStart(5, '0')}.jsonl`;
}

function idOf(line: string, path: string): string {
  try {
    return object({ id: text() })(JSON.parse(line), path).id;
  } catch {
    // Told below.
  }
  throw new EngineError('invalidArgument', `${path} has a line that is no collected answer. Choose another folder.`);
}
