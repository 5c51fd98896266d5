/**
 * The results of a long run, one JSON line each, appended as they come: a run that was stopped or killed continues
 * where
 * its journal ends. The first line says which run it is; an unfinished last line is dropped.
 */
import { closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { appendLinesSync, wholeLines } from '../../base/json-lines.ts';
import { EngineError } from '../engine/errors.ts';

export class Journal<Entry> {
  /** What earlier runs left, in order. */
  readonly entries: readonly Entry[];
  readonly #file: number;

  /**
   * `identity` is a plain object of what the results depend on. Throws `invalidArgument` when the file is the journal
   * of
   * another run, or none at all.
   */
  constructor(path: string, identity: Readonly<Record<string, unknown>>) {
    this.#file = openSync(path, 'a+', 0o600);
    try {
      const all = readFileSync(this.#file);
      const { lines, bytes } = wholeLines(all);
      const [head, ...rest] = lines.map((line) => parseLine(line, path));
      if (head !== undefined) {
        refuseOther(path, (head as { journal?: unknown }).journal, identity);
      }
      const unfinished = all.toString('latin1', bytes);
      if (head === undefined && !unfinished.startsWith(beginning.slice(0, unfinished.length))) {
        throw new EngineError('invalidArgument', `${path} is no file of results. Give another file.`);
      }
      // Only now is it certain that the unfinished line is ours.
      ftruncateSync(this.#file, bytes);
      if (head === undefined) {
        this.#write({ journal: identity });
      }
      this.entries = rest as Entry[];
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  /** The line is with the operating system when this returns: the end of this process does not lose it. */
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

function parseLine(line: string, path: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new EngineError(
      'invalidArgument',
      `${path} is damaged, or no file of results. Give another file, or delete it to start again.`,
      error,
    );
  }
}

function refuseOther(path: string, found: unknown, wanted: Readonly<Record<string, unknown>>): void {
  const isObject = typeof found === 'object' && found !== null;
  const other = isObject ? (found as Readonly<Record<string, unknown>>) : {};
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(other)])];
  const different = keys.filter((key) => JSON.stringify(other[key]) !== JSON.stringify(wanted[key]));
  if (different.length > 0) {
    throw new EngineError(
      'invalidArgument',
      isObject
        ? `${path} holds results of another run: ${different.join(', ')} differ. Give another file, or delete it to start again.`
        : `${path} is no file of results. Give another file.`,
    );
  }
}
