/**
 * Saves and loads the index. A file from disk is untrusted: a damaged one is rejected by its digest, and a forged one
 * can only cause bad rankings.
 *
 * Layout: magic, version, records, SHA-256 of everything before. A record has the lengths of its head and its numbers,
 * in words of 4 bytes, the head as JSON, and the numbers.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { posix } from 'node:path';
import { writeAtomically } from '../../base/write-atomically.ts';
import { number, object, text } from '../../protocol/check.ts';
import { FileRecord } from './record.ts';
import type { TimeSlices } from '../../base/time-slices.ts';

const magic = 'PADDOCKI';
/** Increase it with every change of the layout, the terms or the chunks. */
const version = 1;
const digestBytes = 32;
const mostBytes = 2 ** 30;
const bytesAtOnce = 2 ** 20;

const headCheck = object({
  path: text({ most: 4096 }),
  size: number(0),
  mtimeMs: number(),
  symbols: text(),
});

export async function saveIndex(path: string, folder: string, records: Iterable<FileRecord>): Promise<void> {
  await writeAtomically(path, parts(folder, records));
}

function* parts(folder: string, records: Iterable<FileRecord>): Generator<Uint8Array> {
  const hash = createHash('sha256');
  let open: Uint8Array[] = [Buffer.from(magic), Buffer.from(Uint32Array.of(version).buffer)];
  let bytes = 0;
  const close = (): Buffer => {
    const part = Buffer.concat(open);
    hash.update(part);
    [open, bytes] = [[], 0];
    return part;
  };
  open.push(...framed(JSON.stringify({ folder }), new Uint32Array(0)));
  for (const { path, size, mtimeMs, symbols, numbers } of records) {
    open.push(...framed(JSON.stringify({ path, size, mtimeMs, symbols }), numbers));
    bytes += numbers.byteLength;
    if (bytes >= bytesAtOnce) yield close();
  }
  yield close();
  yield hash.digest();
}

function framed(head: string, numbers: Uint32Array): Uint8Array[] {
  // Blanks pad the head to whole words.
  const bytes = Buffer.from(`${head}   `);
  const words = bytes.length >> 2;
  return [
    Buffer.from(Uint32Array.of(words, numbers.length).buffer),
    bytes.subarray(0, words * 4),
    Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength),
  ];
}

/** Undefined if the file is missing, damaged, of another version, or of another folder. */
export async function loadIndex(
  path: string,
  folder: string,
  slices: TimeSlices,
): Promise<readonly FileRecord[] | undefined> {
  const bytes = await readWhole(path).catch(() => undefined);
  if (bytes === undefined || !(await hasRightDigest(bytes, slices))) return undefined;
  try {
    return await read(bytes.subarray(0, -digestBytes), folder, slices);
  } catch (error) {
    if (error instanceof DamagedIndex) return undefined;
    throw error;
  }
}

class DamagedIndex extends Error {}

async function readWhole(path: string): Promise<Buffer | undefined> {
  const handle = await open(path);
  try {
    const about = await handle.stat();
    return about.isFile() && about.size <= mostBytes ? await handle.readFile() : undefined;
  } finally {
    await handle.close();
  }
}

async function hasRightDigest(bytes: Buffer, slices: TimeSlices): Promise<boolean> {
  const end = bytes.length - digestBytes;
  if (end < 0) return false;
  const hash = createHash('sha256');
  for (let at = 0; at < end; at += bytesAtOnce) {
    hash.update(bytes.subarray(at, Math.min(end, at + bytesAtOnce)));
    await slices.pause();
  }
  return hash.digest().equals(bytes.subarray(end));
}

async function read(bytes: Buffer, folder: string, slices: TimeSlices): Promise<readonly FileRecord[]> {
  if (bytes.length < magic.length + 4 || bytes.toString('latin1', 0, magic.length) !== magic) throw new DamagedIndex();
  if (bytes.readUInt32LE(magic.length) !== version) throw new DamagedIndex();
  const records: FileRecord[] = [];
  const known = new Set<string>();
  let at = magic.length + 4;
  let isFirst = true;
  while (at < bytes.length) {
    const { head, numbers, end } = frame(bytes, at);
    at = end;
    if (isFirst) {
      if (head !== JSON.stringify({ folder })) throw new DamagedIndex();
      isFirst = false;
      continue;
    }
    const record = new FileRecord(checkedHead(head), numbers);
    if (!isInside(record.path) || known.has(record.path) || !record.isValid()) throw new DamagedIndex();
    known.add(record.path);
    records.push(record);
    await slices.pause();
  }
  if (isFirst) throw new DamagedIndex();
  return records;
}

function frame(bytes: Buffer, at: number): { head: string; numbers: Uint32Array; end: number } {
  if (at + 8 > bytes.length) throw new DamagedIndex();
  const headEnd = at + 8 + bytes.readUInt32LE(at) * 4;
  const end = headEnd + bytes.readUInt32LE(at + 4) * 4;
  if (end > bytes.length) throw new DamagedIndex();
  // The copy is aligned, and does not keep the whole file in memory.
  const numbers = new Uint32Array(bytes.buffer.slice(bytes.byteOffset + headEnd, bytes.byteOffset + end));
  return { head: bytes.toString('utf8', at + 8, headEnd).trimEnd(), numbers, end };
}

function checkedHead(head: string): ReturnType<typeof headCheck> {
  try {
    return headCheck(JSON.parse(head), 'head');
  } catch {
    throw new DamagedIndex();
  }
}

function isInside(path: string): boolean {
  return path !== '' && path === posix.normalize(path) && !posix.isAbsolute(path) && !/^\.\.(?:\/|$)/u.test(path);
}
