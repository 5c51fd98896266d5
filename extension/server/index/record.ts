/**
 * The index of one file, in one array of numbers. Replacing a file touches no other, and records are written to disk
 * as they are.
 *
 * Layout: counts of terms, entries, chunks and imports; length of each field in the file; terms (hashes, ascending);
 * for each term the end of its entries; entries (by chunk, then field); chunks; imports (hashes of paths, ascending).
 */
import type { Chunk } from './chunks.ts';

export const fields = { symbol: 0, doc: 1, body: 2, path: 3 } as const;
export type Field = (typeof fields)[keyof typeof fields];
export const fieldCount = 4;
/** The fields of a chunk; the path belongs to the file. */
export const chunkFields = 3;

const headWords = 4 + fieldCount;
/** First line, last line, kind, and the length of each field. */
const chunkWords = 3 + chunkFields;
const kinds: readonly Chunk['kind'][] = ['declaration', 'head', 'section', 'lines'];

/** An entry is a chunk (12 bits), a field (2 bits) and how often the term occurs in it (18 bits). */
const chunkShift = 20;
const fieldShift = 18;
const largestCount = 2 ** fieldShift - 1;
export const mostChunks = 2 ** (32 - chunkShift);

export interface Entry {
  readonly chunk: number;
  readonly field: Field;
  readonly count: number;
}

export interface Place {
  readonly startLine: number;
  readonly endLine: number;
  readonly symbol: string | undefined;
  readonly kind: Chunk['kind'];
}

export class FileRecord {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  /** One for each chunk, separated by line feeds; empty for a chunk without a symbol. */
  readonly symbols: string;
  readonly numbers: Uint32Array;

  constructor(about: Pick<FileRecord, 'path' | 'size' | 'mtimeMs' | 'symbols'>, numbers: Uint32Array) {
    this.path = about.path;
    this.size = about.size;
    this.mtimeMs = about.mtimeMs;
    this.symbols = about.symbols;
    this.numbers = numbers;
  }

  get termCount(): number {
    return this.numbers[0] ?? 0;
  }
  get entryCount(): number {
    return this.numbers[1] ?? 0;
  }
  get chunkCount(): number {
    return this.numbers[2] ?? 0;
  }
  get imports(): Uint32Array {
    return this.numbers.subarray(this.#importsAt);
  }

  fileLength(field: Field): number {
    return this.numbers[4 + field] ?? 0;
  }

  chunkLength(chunk: number, field: Field): number {
    return this.numbers[this.#chunksAt + chunk * chunkWords + 3 + field] ?? 0;
  }

  /** The position of a term in `numbers`; undefined if the file does not have it. */
  find(hash: number): number | undefined {
    let [low, high] = [headWords, headWords + this.termCount];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.numbers[middle] ?? 0) < hash) low = middle + 1;
      else high = middle;
    }
    return low < headWords + this.termCount && this.numbers[low] === hash ? low : undefined;
  }

  /** Calls `visit` for each entry of the term that `find` gave, by chunk. */
  visit(term: number, visit: (chunk: number, field: Field, count: number) => void): void {
    const ends = term + this.termCount;
    const first = term === headWords ? 0 : (this.numbers[ends - 1] ?? 0);
    const start = headWords + 2 * this.termCount;
    for (let at = first; at < (this.numbers[ends] ?? 0); at++) {
      const entry = this.numbers[start + at] ?? 0;
      visit(entry >>> chunkShift, ((entry >>> fieldShift) & 3) as Field, entry & largestCount);
    }
  }

  place(chunk: number): Place {
    const at = this.#chunksAt + chunk * chunkWords;
    const symbol = this.symbols.split('\n', chunk + 1)[chunk];
    return {
      startLine: this.numbers[at] ?? 1,
      endLine: this.numbers[at + 1] ?? 1,
      kind: kinds[this.numbers[at + 2] ?? 0] ?? 'lines',
      symbol: symbol === '' ? undefined : symbol,
    };
  }

  /** Checks the layout, so that no method reads out of bounds. The meaning of the numbers is not checked. */
  isValid(): boolean {
    const { numbers } = this;
    const [terms = 0, entries = 0, chunks = 0, imports = 0] = numbers;
    const words = headWords + 2 * terms + entries + chunks * chunkWords + imports;
    if (numbers.length < headWords || numbers.length !== words || chunks > mostChunks) return false;
    let [lastHash, lastEnd] = [-1, 0];
    for (let at = headWords; at < headWords + terms; at++) {
      const [hash = 0, end = 0] = [numbers[at], numbers[at + terms]];
      if (hash <= lastHash || end < lastEnd || end > entries) return false;
      [lastHash, lastEnd] = [hash, end];
    }
    const entriesAt = headWords + 2 * terms;
    for (let at = entriesAt; at < entriesAt + entries; at++) {
      const entry = numbers[at] ?? 0;
      const isOfPath = ((entry >>> fieldShift) & 3) === fields.path;
      if (!isOfPath && entry >>> chunkShift >= chunks) return false;
    }
    return chunks === 0 ? this.symbols === '' : this.symbols.split('\n').length === chunks;
  }

  get #chunksAt(): number {
    return headWords + 2 * this.termCount + this.entryCount;
  }
  get #importsAt(): number {
    return this.#chunksAt + this.chunkCount * chunkWords;
  }
}

/** Collects the terms of a file, in the order of its chunks, and makes the record. */
export class RecordBuilder {
  /** The entries of each term, in the order of its chunks. */
  readonly #terms = new Map<number, number[]>();
  readonly #chunks: number[] = [];
  readonly #symbols: string[] = [];
  readonly #fileLengths = [0, 0, 0, 0];
  #entries = 0;

  addChunk({ startLine, endLine, symbol, kind }: Chunk): void {
    this.#chunks.push(startLine, endLine, kinds.indexOf(kind), 0, 0, 0);
    this.#symbols.push((symbol ?? '').replaceAll('\n', ' '));
  }

  /** Adds an occurrence to the last chunk; a term of the path belongs to no chunk. */
  addTerm(hash: number, field: Field): void {
    this.#fileLengths[field] = (this.#fileLengths[field] ?? 0) + 1;
    const chunk = field === fields.path ? 0 : this.#symbols.length - 1;
    if (field !== fields.path) {
      const at = chunk * chunkWords + 3 + field;
      this.#chunks[at] = (this.#chunks[at] ?? 0) + 1;
    }
    const entries = this.#terms.get(hash);
    const key = ((chunk << chunkShift) | (field << fieldShift)) >>> 0;
    if (entries === undefined) {
      this.#terms.set(hash, [key + 1]);
      this.#entries += 1;
      return;
    }
    for (let at = entries.length - 1; at >= 0; at--) {
      const entry = entries[at] ?? 0;
      if (entry >>> chunkShift !== chunk) break;
      if (entry - (entry & largestCount) === key) {
        if ((entry & largestCount) < largestCount) entries[at] = entry + 1;
        return;
      }
    }
    entries.push(key + 1);
    this.#entries += 1;
  }

  build(about: Pick<FileRecord, 'path' | 'size' | 'mtimeMs'>, imports: readonly number[]): FileRecord {
    const terms = Uint32Array.from(this.#terms.keys()).sort();
    const entriesAt = headWords + 2 * terms.length;
    const chunksAt = entriesAt + this.#entries;
    const numbers = new Uint32Array(chunksAt + this.#chunks.length + imports.length);
    numbers.set([terms.length, this.#entries, this.#symbols.length, imports.length, ...this.#fileLengths]);
    numbers.set(terms, headWords);
    let end = 0;
    for (const [index, term] of terms.entries()) {
      // Entries of one chunk were added in the order of their first occurrence, not by field.
      const entries = this.#terms.get(term) ?? [];
      if (entries.length > 1) entries.sort((one, other) => one - other);
      for (const entry of entries) numbers[entriesAt + end++] = entry;
      numbers[headWords + terms.length + index] = end;
    }
    numbers.set(this.#chunks, chunksAt);
    numbers.set(Uint32Array.from(imports).sort(), chunksAt + this.#chunks.length);
    return new FileRecord({ ...about, symbols: this.#symbols.join('\n') }, numbers);
  }
}
