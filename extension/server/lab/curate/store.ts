/**
 * The working files of a run: every record as a line, and its set of shingles as numbers, each found by its offset.
 * They
 * live in a folder of their own that disappears with the run.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { offsets } from './growable.ts';
import type { CurateRecord } from './record.ts';

export class RecordStore {
  readonly #records: AppendFile;
  readonly #shingles: AppendFile;
  readonly #recordEnds = offsets();
  readonly #shingleEnds = offsets();

  constructor(folder: string) {
    this.#records = new AppendFile(join(folder, 'records'));
    this.#shingles = new AppendFile(join(folder, 'shingles'));
  }

  get length(): number {
    return this.#recordEnds.length;
  }

  add(record: CurateRecord, shingles: Uint32Array): void {
    this.#recordEnds.push(this.#records.append(Buffer.from(JSON.stringify(record))));
    this.#shingleEnds.push(
      this.#shingles.append(Buffer.from(shingles.buffer, shingles.byteOffset, shingles.byteLength)),
    );
  }

  record(index: number): CurateRecord {
    return JSON.parse(this.#read(this.#records, this.#recordEnds, index).toString('utf8')) as CurateRecord;
  }

  shingles(index: number): Uint32Array {
    const bytes = this.#read(this.#shingles, this.#shingleEnds, index);
    // A copy, because a view needs an aligned beginning.
    const set = new Uint32Array(bytes.length / 4);
    bytes.copy(new Uint8Array(set.buffer));
    return set;
  }

  close(): void {
    this.#records.close();
    this.#shingles.close();
  }

  #read(file: AppendFile, ends: ReturnType<typeof offsets>, index: number): Buffer {
    const start = index === 0 ? 0 : ends.at(index - 1);
    return file.read(start, ends.at(index));
  }
}

/** Written at its end, and read anywhere through a window, which makes reading in order cheap. */
class AppendFile {
  readonly #file: number;
  #pending = Buffer.alloc(1 << 20);
  #pendingBytes = 0;
  #written = 0;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;
  #lastEnd = -1;

  constructor(path: string) {
    this.#file = openSync(path, 'wx+', 0o600);
  }

  /** Returns where the file then ends. */
  append(bytes: Buffer): number {
    if (this.#pendingBytes + bytes.length > this.#pending.length) {
      this.#flush();
    }
    if (bytes.length > this.#pending.length) {
      writeAll(this.#file, bytes);
      this.#written += bytes.length;
    } else {
      bytes.copy(this.#pending, this.#pendingBytes);
      this.#pendingBytes += bytes.length;
    }
    return this.#written + this.#pendingBytes;
  }

  read(start: number, end: number): Buffer {
    this.#flush();
    if (start < this.#windowStart || end > this.#windowStart + this.#window.length) {
      // Far jumps read what they need; who goes on in order gets a large piece.
      const ahead = start === this.#lastEnd ? windowBytes : 0;
      const window = Buffer.alloc(Math.max(end - start, Math.min(ahead, this.#written - start)));
      readAll(this.#file, window, start);
      if (ahead === 0) {
        this.#lastEnd = end;
        return window;
      }
      this.#window = window;
      this.#windowStart = start;
    }
    this.#lastEnd = end;
    return this.#window.subarray(start - this.#windowStart, end - this.#windowStart);
  }

  close(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    if (this.#pendingBytes > 0) {
      writeAll(this.#file, this.#pending.subarray(0, this.#pendingBytes));
      this.#written += this.#pendingBytes;
      this.#pendingBytes = 0;
    }
  }
}

const windowBytes = 1 << 20;

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done);
  }
}

function readAll(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    const read = readSync(file, bytes, done, bytes.length - done, position + done);
    if (read === 0) {
      throw new Error('A working file is shorter than it was.');
    }
    done += read;
  }
}
