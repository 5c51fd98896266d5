/**
 * The results of a long run, appended one JSON line each. A run that was stopped or killed resumes where its journal
 * ends. The first line identifies the run; an unfinished last line is dropped.
 */
import { closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { appendLinesSync, wholeLines } from '../../base/json-lines.ts';
import { fields, isRecord } from '../../protocol/check.ts';
import type { Check } from '../../protocol/check.ts';
import { EngineError } from '../engine/errors.ts';

export class Journal<Entry> {
  /** Entries of earlier runs, in order. */
  readonly entries: readonly Entry[];
  readonly #file: number;

  /**
   * `identity` is a plain object of everything that the results depend on; `check` checks an entry. Throws
   * `invalidArgument` when the file is the journal of another run, damaged, or no journal.
   */
  constructor(path: string, identity: Readonly<Record<string, unknown>>, check: Check<Entry>) {
    this.#file = openSync(path, 'a+', 0o600);
    try {
      const all = readFileSync(this.#file);
      const { lines, bytes } = wholeLines(all);
      const [first, ...rest] = lines;
      const head = first === undefined ? undefined : parseLine(first, path, fields);
      if (head !== undefined) {
        refuseOther(path, head['journal'], identity);
      }
      const unfinished = all.toString('latin1', bytes);
      if (head === undefined && !unfinished.startsWith(beginning.slice(0, unfinished.length))) {
        throw new EngineError('invalidArgument', `${path} is not a results file. Give another file.`);
      }
      // Only now is it certain that the unfinished line is ours.
      ftruncateSync(this.#file, bytes);
      if (head === undefined) {
        this.#write({ journal: identity });
      }
      this.entries = rest.map((line) => parseLine(line, path, check));
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  /** The line is with the operating system when this returns, so the end of this process does not lose it. */
  append(entry: Entry): void {
    this.#write(entry);
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(value: unknown): void {
    appendLinesSync(this.#file, [value], 'cut');
  }
}

const beginning = '{"journal":';

function parseLine<T>(line: string, path: string, check: Check<T>): T {
  try {
    return check(JSON.parse(line), path);
  } catch (error) {
    throw new EngineError(
      'invalidArgument',
      `${path} is damaged or not a results file. Give another file, or delete it to start again.`,
      error,
    );
  }
}

function refuseOther(path: string, found: unknown, wanted: Readonly<Record<string, unknown>>): void {
  const isObject = isRecord(found);
  const other = isObject ? found : {};
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(other)])];
  const different = keys.filter((key) => JSON.stringify(other[key]) !== JSON.stringify(wanted[key]));
  if (different.length > 0) {
    throw new EngineError(
      'invalidArgument',
      isObject
        ? `${path} holds results of another run: ${different.join(', ')} differ. Give another file, or delete it to start again.`
        : `${path} is not a results file. Give another file.`,
    );
  }
}
