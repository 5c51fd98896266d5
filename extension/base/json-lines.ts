/**
 * Append-only files of JSON lines. A process can be killed, a disk can be full and a computer can lose power in the
 * middle of a line. The rules for that are here, once:
 *
 * - A record counts when its whole line is in the file. Readers skip an unfinished last line.
 * - Nothing is written behind an unfinished line: it is cut off, or closed with a line end, before the next append.
 * - An append that fails leaves no part of its records, and the next one works.
 * - An append is one write at the end of the file, so that two processes that append do not mix their records.
 */
import { fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * What to do with an unfinished last line. `cut` removes it: for files with one writer. `close` ends it with a line
 * end, which stays harmless when the line is one that another process is still writing.
 */
export type UnfinishedLine = 'cut' | 'close';

/** The complete lines of a file's contents, and how many bytes they take. */
export function wholeLines(bytes: Buffer): { lines: string[]; bytes: number } {
  const end = bytes.lastIndexOf(lineEnd) + 1;
  const text = bytes.toString('utf8', 0, end);
  return { lines: text.split('\n').filter((line) => line !== ''), bytes: end };
}

/** Appends one record for each value. The file is open for reading and appending (`a+`). Throws what the disk says. */
export function appendLinesSync(file: number, values: readonly unknown[], unfinished: UnfinishedLine): void {
  const steps = append(values, unfinished);
  for (let step = steps.next(); step.done !== true;) {
    try {
      step = steps.next(runSync(file, step.value));
    } catch (error) {
      step = steps.throw(error);
    }
  }
}

/** The same without blocking. Creates the file and its folder, readable by the user alone. */
export async function appendLines(path: string, values: readonly unknown[], unfinished: UnfinishedLine): Promise<void> {
  const file = await openToAppend(path);
  try {
    const steps = append(values, unfinished);
    for (let step = steps.next(); step.done !== true;) {
      try {
        step = steps.next(await run(file, step.value));
      } catch (error) {
        step = steps.throw(error);
      }
    }
  } finally {
    await file.close();
  }
}

/** What an append asks of the disk. Each answer is a number: the size, or how many bytes were read or written. */
export type DiskStep =
  | { readonly kind: 'size' }
  | { readonly kind: 'read'; readonly into: Uint8Array; readonly position: number }
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number };

const lineEnd = 10;
/** The beginning of an unfinished line is searched backwards in blocks of this size. */
const blockBytes = 65_536;

/** The algorithm without the input and output: the caller performs each step and throws a failed step back in. */
export function* append(values: readonly unknown[], unfinished: UnfinishedLine): Generator<DiskStep, void, number> {
  const lines = values.map((value) => `${JSON.stringify(value)}\n`).join('');
  if (lines === '') return;
  let size = yield { kind: 'size' };
  const lineStart = yield* findLineStart(size);
  const isUnfinished = lineStart < size;
  if (isUnfinished && unfinished === 'cut') {
    size = lineStart;
    yield { kind: 'truncate', size };
  }
  const bytes = Buffer.from(isUnfinished && unfinished === 'close' ? `\n${lines}` : lines);
  let written = 0;
  try {
    while (written < bytes.length) {
      written += yield { kind: 'write', bytes: bytes.subarray(written) };
    }
  } catch (error) {
    // Removes only the bytes of this append. If another process appended meanwhile, the part stays as an unfinished
    // line, and the next append closes it.
    const isLast = (yield { kind: 'size' }) === size + written;
    if (written > 0 && isLast) yield { kind: 'truncate', size };
    throw error;
  }
}

/** Where the unfinished last line begins; the size when there is none. */
function* findLineStart(size: number): Generator<DiskStep, number, number> {
  if (size === 0) return 0;
  const last = Buffer.alloc(1);
  yield { kind: 'read', into: last, position: size - 1 };
  if (last[0] === lineEnd) return size;
  for (let end = size; end > 0; end -= blockBytes) {
    const start = Math.max(0, end - blockBytes);
    const block = Buffer.alloc(end - start);
    yield { kind: 'read', into: block, position: start };
    const index = block.lastIndexOf(lineEnd);
    if (index >= 0) return start + index + 1;
  }
  return 0;
}

function runSync(file: number, step: DiskStep): number {
  switch (step.kind) {
    case 'size':
      return fstatSync(file).size;
    case 'read':
      return readSync(file, step.into, 0, step.into.length, step.position);
    case 'write':
      return writeSync(file, step.bytes);
    case 'truncate':
      ftruncateSync(file, step.size);
      return step.size;
  }
}

async function run(file: FileHandle, step: DiskStep): Promise<number> {
  switch (step.kind) {
    case 'size':
      return (await file.stat()).size;
    case 'read':
      return (await file.read(step.into, 0, step.into.length, step.position)).bytesRead;
    case 'write':
      return (await file.write(step.bytes)).bytesWritten;
    case 'truncate':
      await file.truncate(step.size);
      return step.size;
  }
}

async function openToAppend(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'a+', 0o600);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    await mkdir(dirname(path), { recursive: true });
    return open(path, 'a+', 0o600);
  }
}
