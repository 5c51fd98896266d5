import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { object, whole } from '../../protocol/check.ts';
import { Journal } from './journal.ts';

let folder = '';
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'paddock-journal-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const entry = object({ n: whole() });
const identity = { kind: 'test', data: 'abc' };

test('goes on where it ended, without a torn last line', () => {
  const path = join(folder, 'torn');
  const first = new Journal(path, identity, entry);
  expect(first.entries).toEqual([]);
  first.append({ n: 1 });
  first.append({ n: 2 });
  first.close();
  appendFileSync(path, '{"n":3');

  const second = new Journal(path, identity, entry);
  expect(second.entries).toEqual([{ n: 1 }, { n: 2 }]);
  second.append({ n: 4 });
  second.close();
  expect(readFileSync(path, 'utf8').split('\n').slice(1)).toEqual(['{"n":1}', '{"n":2}', '{"n":4}', '']);
});

test('of which only a part of the first line was written begins again', () => {
  const path = join(folder, 'early');
  writeFileSync(path, '{"journal":{"ki');
  const journal = new Journal(path, identity, entry);
  expect(journal.entries).toEqual([]);
  journal.close();
  new Journal(path, identity, entry).close();
});

test('of another run, and what is no journal, stay as they are', () => {
  const path = join(folder, 'other');
  new Journal(path, identity, entry).close();
  const before = readFileSync(path, 'utf8');
  expect(() => new Journal(path, { ...identity, data: 'def', seed: 1 }, entry)).toThrow(
    'another run: data, seed differ',
  );
  expect(readFileSync(path, 'utf8')).toBe(before);
  writeFileSync(path, 'a letter\nto a friend\nwith no end');
  expect(() => new Journal(path, identity, entry)).toThrow('damaged or not a results file');
  writeFileSync(path, 'one line of somebody');
  expect(() => new Journal(path, identity, entry)).toThrow('is not a results file');
  expect(readFileSync(path, 'utf8')).toBe('one line of somebody');
  writeFileSync(path, '{"prompt":"x"}\n');
  expect(() => new Journal(path, identity, entry)).toThrow('is not a results file');
});

test.each(['null', '[]', '{"n":"1"}', '{"m":1}', '{'])('with the entry %s is damaged, and stays as it is', (line) => {
  const path = join(folder, 'hostile');
  rmSync(path, { force: true });
  new Journal(path, identity, entry).close();
  appendFileSync(path, `${line}\n`);
  const before = readFileSync(path, 'utf8');
  expect(() => new Journal(path, identity, entry)).toThrow('damaged or not a results file');
  expect(readFileSync(path, 'utf8')).toBe(before);
});
