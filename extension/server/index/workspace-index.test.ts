import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { grammarFor } from '../syntax/grammars.ts';
import { Parsers } from '../syntax/parsers.ts';
import { WorkspaceIndex } from './workspace-index.ts';
import type { IndexProgress } from './workspace-index.ts';

const parsers = new Parsers(dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm')));
const syntax = {
  items: async (languageId: string, text: string) => {
    const grammar = grammarFor(languageId);
    return grammar === undefined ? undefined : (await parsers.answer({ grammar, text, items: true }))?.items;
  },
};

let outside = '';
let folder = '';
let saved = '';

beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'paddock-index-'));
  folder = join(outside, 'workspace');
  saved = join(outside, 'saved');
  put(
    'src/cart.py',
    'class Cart:\n    """Holds goods."""\n\n    def total(self):\n        price = 0\n        return price\n',
  );
  put('src/tax.py', '# Rates of tax by country.\ndef tax_rate(country):\n    a = 1\n    b = 2\n    return a + b\n');
  put('src/app.py', 'from tax import tax_rate\nfrom cart import Cart\n\nprint(tax_rate("ch"))\n');
  put('tests/test_tax.py', 'def test_tax_rate():\n    rate = tax_rate("ch")\n    a = 1\n    b = 2\n    assert rate\n');
  put('README.md', '# Shop\n\n## Tax rate\nThe tax rate of a country.\n');
});
afterEach(() => rmSync(outside, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

async function built(): Promise<WorkspaceIndex> {
  const index = new WorkspaceIndex(folder, syntax);
  await index.refresh();
  return index;
}

async function paths(index: WorkspaceIndex, question: string): Promise<string[]> {
  return (await index.search(question, 10)).map(({ path }) => path);
}

describe('search', () => {
  test('gives places with their symbols, the best first', async () => {
    const [first, ...others] = await (await built()).search('How is the tax rate of a country found?', 10);
    expect(first).toMatchObject({ path: 'src/tax.py', startLine: 1, endLine: 5, symbol: 'tax_rate' });
    expect(others.map(({ score }) => score)).toEqual(others.map(({ score }) => score).toSorted((a, b) => b - a));
  });

  test('finds words as an identifier, members, and what is only in the path', async () => {
    const index = await built();
    expect((await index.search('total of the cart', 1))[0]).toMatchObject({ symbol: 'Cart.total' });
    expect((await paths(index, '`README`'))[0]).toBe('README.md');
    expect(await paths(index, 'xylophone')).toEqual([]);
    expect(await paths(index, 'the of and')).toEqual([]);
  });

  test('tests and documents stand back unless they are asked for', async () => {
    const index = await built();
    const rank = async (question: string, path: string): Promise<number> =>
      (await paths(index, question)).indexOf(path);
    expect(await rank('tax rate', 'src/tax.py')).toBe(0);
    expect(await rank('Which test asserts on test_tax_rate?', 'tests/test_tax.py')).toBe(0);
  });
});

describe('refresh', () => {
  test('reads what has changed, and nothing else', async () => {
    const index = await built();
    expect(await index.refresh()).toEqual({ read: 0, kept: 5, removed: 0 });
    put('src/cart.py', 'def basket():\n    return 1\n');
    rmSync(join(folder, 'README.md'));
    put('src/new.py', 'def voucher():\n    return 1\n');
    expect(await index.refresh()).toEqual({ read: 2, kept: 3, removed: 1 });
    expect(await paths(index, 'basket')).toEqual(['src/cart.py']);
    expect(await paths(index, 'goods')).toEqual([]);
    expect(await paths(index, 'voucher')).toEqual(['src/new.py']);
  });

  test('the same bytes at another time are read again, and give the same', async () => {
    const index = await built();
    const before = index.size;
    utimesSync(join(folder, 'src/cart.py'), 1, 1);
    expect(await index.refresh()).toEqual({ read: 1, kept: 4, removed: 0 });
    expect(index.size).toEqual(before);
  });

  test('tells how far it is', async () => {
    const seen: IndexProgress[] = [];
    await new WorkspaceIndex(folder, syntax).refresh({ onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ done, total }) => `${done}/${total}`)).toEqual(['0/5', '1/5', '2/5', '3/5', '4/5', '5/5']);
  });

  test('keeps what it has when it is stopped', async () => {
    const index = new WorkspaceIndex(folder, syntax);
    const stop = new AbortController();
    const onProgress = ({ done }: IndexProgress): void => {
      if (done === 2) stop.abort();
    };
    await expect(index.refresh({ signal: stop.signal, onProgress })).rejects.toThrow('aborted');
    expect(index.size.files).toBe(2);
    expect(await index.refresh()).toEqual({ read: 3, kept: 2, removed: 0 });
  });

  test('stays whole when the parser does not answer, and skips what is binary or of a machine', async () => {
    put('binary.py', 'a\0b');
    put('minified.js', `x=${'1+'.repeat(5000)}1`);
    const index = new WorkspaceIndex(folder, { items: () => Promise.resolve(undefined) });
    await index.refresh();
    expect(index.size.files).toBe(5);
    expect((await paths(index, 'rates by country'))[0]).toBe('src/tax.py');
    // These are not read again.
    expect(await index.refresh()).toEqual({ read: 0, kept: 7, removed: 0 });
  });
});

test('other work runs meanwhile', async () => {
  for (let file = 0; file < 30; file++)
    put(`src/many/${file}.sql`, `word_${file} and more ${file} words\n`.repeat(2000));
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  });
  const index = await built();
  await index.search('word', 10);
  clearInterval(timer);
  // Far above a slice, because the computer has other things to do; all of it takes seconds.
  expect(longest).toBeLessThan(250);
});

test('an import counts for the file that it means', async () => {
  put('src/a/helper.py', 'def shared_name():\n    one = 1\n    return one\n');
  put('src/b/helper.py', 'def shared_name():\n    one = 1\n    return one\n');
  put('src/b/user.py', 'from .helper import shared_name\n');
  const index = await built();
  expect((await paths(index, '`shared_name` helper'))[0]).toBe('src/b/helper.py');
  rmSync(join(folder, 'src/b/user.py'));
  await index.update('src/b/user.py');
  expect((await paths(index, '`shared_name` helper'))[0]).toBe('src/a/helper.py');
});

test('one file at a time gives the same index as all at once', async () => {
  const index = new WorkspaceIndex(folder, syntax);
  for (const path of ['src/tax.py', 'src/cart.py', 'tests/test_tax.py', 'README.md', 'src/app.py', 'no.py', '.env']) {
    await index.update(path);
  }
  const whole = await built();
  expect(index.size).toEqual(whole.size);
  expect(await index.search('tax rate', 10)).toEqual(await whole.search('tax rate', 10));
  rmSync(join(folder, 'src/tax.py'));
  await index.update('src/tax.py');
  expect(index.size.files).toBe(4);
  for (const path of ['src/cart.py', 'tests/test_tax.py', 'README.md', 'src/app.py']) {
    rmSync(join(folder, path));
    await index.update(path);
  }
  expect(index.size).toEqual({ files: 0, chunks: 0, lengths: [0, 0, 0, 0] });
  expect(index.bytes).toBe(0);
});

describe('on disk', () => {
  async function loaded(): Promise<WorkspaceIndex | undefined> {
    const index = new WorkspaceIndex(folder, syntax);
    return (await index.load(saved)) ? index : undefined;
  }

  test('what was saved is there again, and only changes are read', async () => {
    const index = await built();
    await index.save(saved);
    const again = await loaded();
    expect(again?.size).toEqual(index.size);
    expect(await again?.search('tax rate', 10)).toEqual(await index.search('tax rate', 10));
    put('src/new.py', 'voucher = 1\n');
    expect(await again?.refresh()).toEqual({ read: 1, kept: 5, removed: 0 });
  });

  test('of another folder, or none at all', async () => {
    expect(await loaded()).toBeUndefined();
    await (await built()).save(saved);
    const other = join(outside, 'other');
    mkdirSync(other);
    expect(await new WorkspaceIndex(other, syntax).load(saved)).toBe(false);
  });

  test('a damaged file is never used', async () => {
    await (await built()).save(saved);
    const bytes = readFileSync(saved);
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(saved, changed);
      expect(await loaded(), `byte ${at}`).toBeUndefined();
    }
    for (const length of [0, 1, 31, 40, 44, 60, bytes.length - 1]) {
      writeFileSync(saved, bytes.subarray(0, length));
      expect(await loaded(), `${length} bytes`).toBeUndefined();
    }
  });
});
