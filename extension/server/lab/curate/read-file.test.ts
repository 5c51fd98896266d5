import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Item } from './input-item.ts';
import { JsonArraySplitter } from './json-array.ts';
import { readFileItems } from './read-file.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-read-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(bytes: string | Uint8Array): Promise<Item[]> {
  const path = join(folder, 'file');
  await writeFile(path, bytes);
  const items: Item[] = [];
  let size = 0;
  for await (const batch of readFileItems(path, { onBytes: (piece) => (size += piece.length) })) {
    items.push(...batch.items);
  }
  expect(size).toBe(Buffer.from(bytes).length);
  return items;
}

test('lines, with and without a last line end, blank ones left out', async () => {
  expect(await read('{"a":1}\n\n{"a":2}')).toEqual([
    { line: 1, value: { a: 1 } },
    { line: 3, value: { a: 2 } },
  ]);
});

test('a line that is no JSON is named', async () => {
  expect(await read('{"a":1}\n{"a":\n{"a":3}\n')).toMatchObject([
    { line: 1 },
    { line: 2, bad: 'notJson' },
    { line: 3 },
  ]);
});

test('a byte order mark and Windows line ends', async () => {
  expect(await read('\ufeff{"a":1}\r\n{"a":2}\r\n')).toMatchObject([{ value: { a: 1 } }, { value: { a: 2 } }]);
});

test('an array, as one line or many', async () => {
  const rows = [{ a: '[1,"]' }, { a: '\\"}' }, { a: [1, [2]] }, 'é{', 5];
  const values = async (text: string) => (await read(text)).map(({ value }) => value);
  expect(await values(JSON.stringify(rows))).toEqual(rows);
  expect(await values(JSON.stringify(rows, undefined, 2))).toEqual(rows);
  expect(await values('[]')).toEqual([]);
});

test('an array in any pieces, with the line of each element', () => {
  const bytes = Buffer.from('[\n{"a": "x\\"]é"},\n\n{"b": [1, {"c": 2}]}\n]');
  for (let size = 1; size < bytes.length; size++) {
    const splitter = new JsonArraySplitter();
    const items: Item[] = [];
    for (let at = 0; at < bytes.length; at += size) items.push(...splitter.push(bytes.subarray(at, at + size)));
    expect([...items, ...splitter.end()]).toEqual([
      { line: 2, value: { a: 'x"]é' } },
      { line: 4, value: { b: [1, { c: 2 }] } },
    ]);
  }
});

test('an array that breaks off gives what is whole and names the rest', async () => {
  expect(await read('[{"a":1},{"a":')).toMatchObject([{ value: { a: 1 } }, { bad: 'notJson' }]);
});

test('gzip', async () => {
  expect(await read(gzipSync('{"a":1}\n'))).toEqual([{ line: 1, value: { a: 1 } }]);
});

test('a damaged archive is an error in words', async () => {
  await expect(read(gzipSync('{"a":1}\n'.repeat(1000)).subarray(0, 30))).rejects.toMatchObject({
    code: 'invalidArgument',
  });
});

test('an empty file has no items', async () => {
  expect(await read('')).toEqual([]);
});

test('Parquet, with lists of objects', async () => {
  const messages = [
    [
      { role: 'user', content: 'Q' },
      { role: 'assistant', content: 'A' },
    ],
  ];
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: 'prompt', data: ['Q1'], type: 'STRING' },
      { name: 'messages', data: messages, type: 'JSON' },
      { name: 'n', data: [7n], type: 'INT64' },
    ],
  });
  expect(await read(new Uint8Array(buffer))).toEqual([
    { line: 1, value: { prompt: 'Q1', messages: messages[0], n: 7 } },
  ]);
});

test.each([
  ['GZIP', gzipSync],
  ['BROTLI', brotliCompressSync],
  ['ZSTD', storedZstd],
] as const)('Parquet compressed by %s', async (codec, compress) => {
  const data = Array.from({ length: 5000 }, (_, index) => `question ${index}`);
  const buffer = parquetWriteBuffer({
    columnData: [{ name: 'prompt', data, type: 'STRING' }],
    codec,
    compressors: { [codec]: (input: Uint8Array) => new Uint8Array(compress(input)) },
    rowGroupSize: 3000,
  });
  const items = await read(new Uint8Array(buffer));
  expect(items.map(({ value }) => value)).toEqual(data.map((prompt) => ({ prompt })));
  expect(items.map(({ line }) => line)).toEqual(data.map((_, index) => index + 1));
});

/** A Zstandard frame of stored blocks: what Node 20 cannot make can still be tested. */
function storedZstd(input: Uint8Array): Uint8Array {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(input.length);
  const parts: Uint8Array[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0]), size];
  for (let at = 0; at === 0 || at < input.length; at += 100_000) {
    const block = input.subarray(at, at + 100_000);
    const head = Buffer.alloc(3);
    head.writeUIntLE((block.length << 3) | (at + block.length === input.length ? 1 : 0), 0, 3);
    parts.push(head, block);
  }
  return Buffer.concat(parts);
}

test('what only begins like Parquet is an error in words', async () => {
  await expect(read('PAR1 is not enough')).rejects.toMatchObject({ code: 'invalidArgument' });
});
