import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeAtomically } from './write-atomically.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-write-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('many writers at once leave one whole text and no other file', async () => {
  const path = join(folder, 'a.json');
  const texts = Array.from({ length: 50 }, (_, index) => `${String(index)}\n`.repeat(1000));
  await Promise.all(texts.map((text) => writeAtomically(path, text)));
  expect(texts).toContain(await readFile(path, 'utf8'));
  expect(await readdir(folder)).toEqual(['a.json']);
});

test('parts are written one behind the other', async () => {
  const path = join(folder, 'a.bin');
  await writeAtomically(path, [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]);
  expect([...(await readFile(path))]).toEqual([1, 2, 3]);
});

test('removes what a dead process has left, and nothing else', async () => {
  const dead = spawnSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).stdout.trim();
  const hex = 'ab'.repeat(16);
  const kept = [`.${hex}.${process.ppid}.tmp`, `.notes.${dead}.tmp`, `${hex}.${dead}.tmp`, `.${hex}.tmp`];
  for (const name of [...kept, `.${hex}.${dead}.tmp`]) await writeFile(join(folder, name), '');
  await writeAtomically(join(folder, 'a.json'), '{}');
  expect((await readdir(folder)).sort()).toEqual([...kept, 'a.json'].sort());
});

test('a failure leaves the old text', async () => {
  const path = join(folder, 'nowhere', 'a.json');
  await expect(writeAtomically(path, 'x')).rejects.toThrow(/ENOENT/u);
});
