/** Finds the files of a folder, and the places in them, that a question is about. Needs no model. */
import { realpath } from 'node:fs/promises';
import { grammarFor, languageOf } from '../syntax/grammars.ts';
import type { OutlineItem } from '../syntax/outline.ts';
import type { Syntax } from '../syntax/syntax.ts';
import { importTargets } from './import-targets.ts';
import { emptyRecord, indexText } from './index-text.ts';
import { readQuestion } from './question.ts';
import { rank } from './ranking.ts';
import type { RankedFile, Totals } from './ranking.ts';
import { readText } from './read-text.ts';
import { fieldCount, fields } from './record.ts';
import type { FileRecord } from './record.ts';
import { loadIndex, saveIndex } from './saved-index.ts';
import { hashOf } from './terms.ts';
import { TimeSlices } from '../../base/time-slices.ts';
import { findFile, mostFileBytes, walk } from './walk.ts';
import type { FoundFile } from './walk.ts';

export interface IndexProgress {
  /** Files that are up to date. */
  readonly done: number;
  readonly total: number;
}

export interface Refreshed {
  readonly read: number;
  readonly kept: number;
  readonly removed: number;
}

export interface Hit {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  /** From 1, both included. */
  readonly startLine: number;
  readonly endLine: number;
  readonly symbol: string | undefined;
  readonly score: number;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: IndexProgress) => void;
}

/** Files that are read and parsed ahead of the one that is indexed. */
const readAhead = 2;
/** After this many failures in a row the parser is considered broken, and files are split by lines. */
const mostUnparsed = 10;
const placesPerFile = 3;
/** Damps each further place of a file. Of the first five places four files instead of three are distinct. */
const furtherPlace = 0.8;

export class WorkspaceIndex {
  readonly #folder: string;
  readonly #syntax: Pick<Syntax, 'items'>;
  readonly #records = new Map<string, FileRecord>();
  /** The number of importing files, by the hash of the imported path. */
  readonly #importers = new Map<number, number>();
  readonly #lengths: number[] = Array.from({ length: fieldCount }, () => 0);
  #files = 0;
  #chunks = 0;
  #unparsed = 0;

  /** An absolute path. */
  constructor(folder: string, syntax: Pick<Syntax, 'items'>) {
    this.#folder = folder;
    this.#syntax = syntax;
  }

  /** Counts files with something to search only. */
  get size(): Totals {
    return { files: this.#files, chunks: this.#chunks, lengths: this.#lengths };
  }

  /** Memory of the records in bytes, without paths and symbols. */
  get bytes(): number {
    let sum = 0;
    for (const { numbers } of this.#records.values()) sum += numbers.byteLength;
    return sum;
  }

  /**
   * Loads what `save` wrote for this folder; false if there is nothing usable. Call `refresh` afterwards, because files
   * may have changed.
   */
  async load(path: string, signal?: AbortSignal): Promise<boolean> {
    const records = await loadIndex(path, await realpath(this.#folder), new TimeSlices(signal));
    for (const record of records ?? []) this.#put(record);
    return records !== undefined;
  }

  /** Replaces the file as a whole. */
  async save(path: string): Promise<void> {
    await saveIndex(path, await realpath(this.#folder), [...this.#records.values()]);
  }

  /**
   * Brings the index up to date with the folder: reads files whose size or time of change differ, and forgets those
   * that are gone. When it is aborted, what has been read stays.
   */
  async refresh({ signal, onProgress }: RunOptions = {}): Promise<Refreshed> {
    this.#unparsed = 0;
    const slices = new TimeSlices(signal);
    const found = new Map<string, FoundFile>();
    for await (const file of walk(this.#folder, signal)) found.set(file.path, file);
    let removed = 0;
    for (const path of this.#records.keys()) {
      if (!found.has(path)) {
        this.#remove(path);
        removed += 1;
      }
    }
    const changed = [...found.values()].filter((file) => !isSame(file, this.#records.get(file.path)));
    const kept = found.size - changed.length;
    let done = kept;
    onProgress?.({ done, total: found.size });
    const isThere = (path: string): boolean => found.has(path);
    const ahead: Promise<ReadFile>[] = [];
    for (let next = 0; done < found.size; done++) {
      signal?.throwIfAborted();
      for (; ahead.length < readAhead && next < changed.length; next++) {
        const file = changed[next];
        if (file !== undefined) ahead.push(this.#read(file));
      }
      const read = await ahead.shift();
      if (read !== undefined) this.#put(await this.#index(read, isThere, slices));
      onProgress?.({ done: done + 1, total: found.size });
    }
    return { read: changed.length, kept, removed };
  }

  /** Reads one file again, or forgets it when it is gone. The time does not depend on the number of files. */
  async update(path: string): Promise<void> {
    const file = await findFile(this.#folder, path);
    if (file === undefined) {
      this.#remove(path);
      return;
    }
    const isThere = (other: string): boolean => this.#records.has(other);
    this.#put(await this.#index(await this.#read(file), isThere, new TimeSlices()));
  }

  /** Distinct places, the best first. */
  async search(text: string, limit: number, signal?: AbortSignal): Promise<readonly Hit[]> {
    const importersOf = ({ path }: FileRecord): number => this.#importers.get(hashOf(path)) ?? 0;
    const ranking = { totals: this.size, question: readQuestion(text), importersOf };
    // A copy: a file may change while the search lets other work run.
    const files = await rank([...this.#records.values()], ranking, new TimeSlices(signal));
    const hits = files.slice(0, limit).flatMap(placesOf);
    return hits.sort((one, other) => other.score - one.score).slice(0, limit);
  }

  async #read(file: FoundFile): Promise<ReadFile> {
    const text = await readText(this.#folder, file.path, mostFileBytes);
    return { file, text, items: text === undefined ? undefined : await this.#outline(file.path, text) };
  }

  async #outline(path: string, text: string): Promise<readonly OutlineItem[] | undefined> {
    if (this.#unparsed >= mostUnparsed) return undefined;
    const languageId = languageOf(path);
    const items = await this.#syntax.items(languageId, text);
    if (grammarFor(languageId) !== undefined) this.#unparsed = items === undefined ? this.#unparsed + 1 : 0;
    return items;
  }

  async #index(
    { file, text, items }: ReadFile,
    isThere: (path: string) => boolean,
    slices: TimeSlices,
  ): Promise<FileRecord> {
    if (text === undefined) return emptyRecord(file);
    const imports = importTargets(file.path, text, isThere);
    await slices.pause();
    return indexText({ file, text, items, imports }, slices);
  }

  #put(record: FileRecord): void {
    this.#remove(record.path);
    this.#records.set(record.path, record);
    this.#count(record, 1);
  }

  #remove(path: string): void {
    const record = this.#records.get(path);
    if (record === undefined) return;
    this.#records.delete(path);
    this.#count(record, -1);
  }

  #count(record: FileRecord, sign: 1 | -1): void {
    if (record.chunkCount > 0) this.#files += sign;
    this.#chunks += sign * record.chunkCount;
    for (const field of Object.values(fields)) {
      this.#lengths[field] = (this.#lengths[field] ?? 0) + sign * record.fileLength(field);
    }
    for (const target of record.imports) {
      const count = (this.#importers.get(target) ?? 0) + sign;
      if (count > 0) this.#importers.set(target, count);
      else this.#importers.delete(target);
    }
  }
}

interface ReadFile {
  readonly file: FoundFile;
  readonly text: string | undefined;
  readonly items: readonly OutlineItem[] | undefined;
}

function isSame(file: FoundFile, record: FileRecord | undefined): boolean {
  return record !== undefined && record.size === file.size && record.mtimeMs === file.mtimeMs;
}

/** The best place of a file has the file's score, the others a part of it. Of overlapping places the best stays. */
function placesOf({ record, score, chunks }: RankedFile): Hit[] {
  const best = chunks[0];
  const { path } = record;
  // Only the path matches.
  if (best === undefined) return [{ path, ...linesOf(record, 0), score }];
  const hits: Hit[] = [];
  for (const { chunk, score: own } of chunks) {
    const place = linesOf(record, chunk);
    if (hits.some(({ startLine, endLine }) => startLine <= place.endLine && place.startLine <= endLine)) continue;
    if (
      hits.push({ path, ...place, score: ((score * own) / best.score) * furtherPlace ** hits.length }) >= placesPerFile
    )
      break;
  }
  return hits;
}

function linesOf(record: FileRecord, chunk: number): Pick<Hit, 'startLine' | 'endLine' | 'symbol'> {
  const { startLine, endLine, symbol } = record.place(chunk);
  return { startLine, endLine, symbol };
}
