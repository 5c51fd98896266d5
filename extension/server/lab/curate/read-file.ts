/**
 * Values of an input file, a batch at a time. What a file is shows in its first bytes, not in its name: Parquet, gzip,
 * a
 * JSON array, otherwise JSON Lines.
 */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { EngineError } from '../../engine/errors.ts';
import { longestLine, parseItem } from './items.ts';
import type { Item } from './items.ts';
import { JsonArraySplitter } from './json-array.ts';

export interface Batch {
  readonly items: readonly Item[];
  /** Bytes of the file that were read for this batch. */
  readonly bytes: number;
}

export interface ReadHooks {
  /** Gets all bytes of the file in order, for its digest. */
  readonly onBytes?: (bytes: Uint8Array) => void;
}

export async function* readFileItems(path: string, hooks: ReadHooks = {}): AsyncGenerator<Batch> {
  const head = await firstBytes(path);
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') {
    const { readParquetItems } = await import('./read-parquet.ts');
    yield* readParquetItems(path, hooks);
    return;
  }
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  let bytes = 0;
  file.on('data', (chunk) => {
    bytes += chunk.length;
    hooks.onBytes?.(chunk as Buffer);
  });
  const zipped = head[0] === 0x1f && head[1] === 0x8b;
  const text: Readable = zipped ? file.pipe(createGunzip()) : file;
  if (zipped) file.on('error', (error) => text.destroy(error));
  let told = 0;
  let parser: LineSplitter | JsonArraySplitter | undefined;
  try {
    for await (const chunk of text as AsyncIterable<Buffer>) {
      parser ??= startsArray(chunk) ? new JsonArraySplitter() : new LineSplitter();
      const items = parser.push(chunk);
      yield { items, bytes: bytes - told };
      told = bytes;
    }
    yield { items: parser?.end() ?? [], bytes: bytes - told };
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
      throw new EngineError('invalidArgument', `${path} is compressed, and damaged: ${error.message}.`, error);
    }
    throw error;
  } finally {
    file.destroy();
    text.destroy();
  }
}

export async function fileSize(path: string): Promise<number> {
  return (await stat(path)).size;
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function startsArray(chunk: Buffer): boolean {
  return /^\ufeff?\s*\[/u.test(chunk.toString('utf8', 0, 4096));
}

/** Lines of bytes, so that a character which lies on the border of two chunks stays whole. */
class LineSplitter {
  #rest: Buffer[] = [];
  #restBytes = 0;
  #line = 0;

  push(chunk: Buffer): Item[] {
    const items: Item[] = [];
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      this.#take(chunk.subarray(from, at), items);
      from = at + 1;
    }
    if (from < chunk.length) {
      this.#restBytes += chunk.length - from;
      // What is too long is only counted.
      if (this.#restBytes <= longestLine) this.#rest.push(chunk.subarray(from));
      else this.#rest = [];
    }
    return items;
  }

  end(): Item[] {
    const items: Item[] = [];
    this.#take(Buffer.alloc(0), items);
    return items;
  }

  #take(end: Buffer, items: Item[]): void {
    this.#line++;
    if (this.#restBytes + end.length > longestLine) {
      items.push({ line: this.#line, value: undefined, bad: 'lineTooLong' });
    } else {
      const bytes = this.#rest.length === 0 ? end : Buffer.concat([...this.#rest, end]);
      const text = bytes.toString('utf8').replace(/^\ufeff/u, '');
      if (text.trim() !== '') items.push(parseItem(text, this.#line));
    }
    this.#rest = [];
    this.#restBytes = 0;
  }
}
