import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Journal } from './journal.ts';

let folder = '';
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'paddock-journal-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const identity = { kind: 'test', data: 'abc' };

test('goes on where it ended, without a torn last line', () => {
  const path = join(folder, 'torn');
  const first = new Journal<{ n: number }>(path, identity);
  expect(first.entries).toEqual([]);
  first.append({ n: 1 });
  first.append({ n: 2 });
  first.close();
  appendFileSync(path, '{"n":3');

  const second = new Journal<{ n: number }>(path, identity);
  expect(second.entries).toEqual([{ n: 1 }, { n: 2 }]);
  second.append({ n: 4 });
  second.close();
  expect(readFileSync(path, 'utf8').split('\n').slice(1)).toEqual(['{"n":1}', '{"n":2}', '{"n":4}', '']);
});

test('of which only a part of the first line was written begins again', () => {
  const path = join(folder, 'early');
  writeFileSync(path, '{"journal":{"ki');
  const journal = new Journal(path, identity);
  expect(journal.entries).toEqual([]);
  journal.close();
  new Journal(path, identity).close();
});

test('of another run, and what is no journal, stay as they are', () => {
  const path = join(folder, 'other');
  new Journal(path, identity).close();
  const before = readFileSync(path, 'utf8');
  expect(() => new Journal(path, { ...identity, data: 'def', seed: 1 })).toThrow('another run: data, seed differ');
  expect(readFileSync(path, 'utf8')).toBe(before);
  writeFileSync(path, 'a letter\nto a friend\nwith no end');
  expect(() => new Journal(path, identity)).toThrow('damaged, or no file of results');
  writeFileSync(path, 'one line of somebody');
  expect(() => new Journal(path, identity)).toThrow('is no file of results');
  expect(readFileSync(path, 'utf8')).toBe('one line of somebody');
  writeFileSync(path, '{"prompt":"x"}\n');
  expect(() => new Journal(path, identity)).toThrow('is no file of results');
});
