import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generator } from '../../../test/workbench/random.mjs';
import { RecordBuilder, fields } from './record.ts';
import type { FileRecord } from './record.ts';
import { loadIndex, saveIndex } from './saved-index.ts';
import { TimeSlices } from '../../base/time-slices.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paddock-saved-'));
  path = join(folder, 'index');
});
afterEach(() => rmSync(folder, { recursive: true }));

const load = (): Promise<readonly FileRecord[] | undefined> => loadIndex(path, '/here', new TimeSlices());

function record(name: string): FileRecord {
  const builder = new RecordBuilder();
  builder.addChunk({ startLine: 1, endLine: 3, symbol: 'a', kind: 'declaration', names: [] });
  for (const hash of [7, 3, 7, 2 ** 32 - 1]) builder.addTerm(hash, fields.body);
  builder.addTerm(7, fields.symbol);
  builder.addChunk({ startLine: 4, endLine: 9, kind: 'lines', names: [] });
  builder.addTerm(7, fields.doc);
  builder.addTerm(5, fields.path);
  return builder.build({ path: name, size: 10, mtimeMs: 1.5 }, [9, 1]);
}

test('records come back as they were', async () => {
  const records = [record('a.ts'), record('b/ü.ts')];
  await saveIndex(path, '/here', records);
  expect(await load()).toEqual(records);
  expect(await loadIndex(path, '/there', new TimeSlices())).toBeUndefined();
});

test('an entry is a chunk, a field and a count', () => {
  const one = record('a.ts');
  const seen: number[][] = [];
  const at = one.find(7);
  one.visit(at ?? 0, (...entry) => seen.push(entry));
  expect(seen).toEqual([
    [0, fields.symbol, 1],
    [0, fields.body, 2],
    [1, fields.doc, 1],
  ]);
  expect(one.find(4)).toBeUndefined();
  expect(one.place(0)).toEqual({ startLine: 1, endLine: 3, symbol: 'a', kind: 'declaration' });
  expect(one.place(1)).toEqual({ startLine: 4, endLine: 9, symbol: undefined, kind: 'lines' });
  expect([...one.imports]).toEqual([1, 9]);
});

/** Whoever forges a file can make the digest right. */
function forge(bytes: Uint8Array): void {
  const content = bytes.subarray(0, -32);
  writeFileSync(path, Buffer.concat([content, createHash('sha256').update(content).digest()]));
}

test('a forged file is refused, or holds records that can be read', async () => {
  await saveIndex(path, '/here', [record('a.ts'), record('b.ts')]);
  const bytes = readFileSync(path);
  const random = generator(11);
  for (let round = 0; round < 2000; round++) {
    const changed = Uint8Array.from(bytes);
    for (let count = 1 + random(3); count > 0; count--) changed[random(bytes.length - 32)] = random(256);
    forge(changed);
    for (const one of (await load()) ?? []) {
      for (const hash of [3, 5, 7, 2 ** 32 - 1]) {
        const at = one.find(hash);
        if (at !== undefined) one.visit(at, (chunk) => expect(one.place(chunk)).toBeDefined());
      }
    }
  }
});

test.each(['../a.ts', '/a.ts', 'a/../../b.ts', '', 'a//b.ts'])('the path %j is refused', async (name) => {
  await saveIndex(path, '/here', [record(name)]);
  expect(await load()).toBeUndefined();
});

test('a path stands there once', async () => {
  await saveIndex(path, '/here', [record('a.ts'), record('a.ts')]);
  expect(await load()).toBeUndefined();
});
