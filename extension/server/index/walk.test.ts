import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findFile, walk } from './walk.ts';

let outside = '';
let folder = '';

beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'paddock-walk-'));
  folder = join(outside, 'workspace');
  mkdirSync(folder);
});
afterEach(() => rmSync(outside, { recursive: true }));

function put(path: string, text = 'x'): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** The paths that the walk finds. `findFile` has to agree on each path in `others` as well. */
async function found(...others: string[]): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of walk(folder)) paths.push(path);
  for (const path of [...paths, ...others]) {
    expect((await findFile(folder, path))?.path, path).toBe(paths.includes(path) ? path : undefined);
  }
  return paths;
}

test('the outermost files come first', async () => {
  for (const path of ['b/c/d.ts', 'b/a.ts', 'z.ts', 'a.ts']) put(path);
  expect(await found('b', 'no.ts', '../workspace/a.ts', 'b//a.ts', './a.ts', '')).toEqual([
    'a.ts',
    'z.ts',
    'b/a.ts',
    'b/c/d.ts',
  ]);
});

test('rules of .gitignore at every level', async () => {
  put('.gitignore', '*.gen.ts\n/secret/\nlogs\n!keep.gen.ts\n');
  put('inner/.gitignore', 'own.ts\n!b.gen.ts\n');
  for (const path of ['a.ts', 'a.gen.ts', 'keep.gen.ts', 'secret/a.ts', 'inner/secret/a.ts', 'x/logs/a.ts']) put(path);
  for (const path of ['inner/own.ts', 'own.ts', 'inner/b.gen.ts', 'inner/c.gen.ts']) put(path);
  expect(await found('a.gen.ts', 'secret/a.ts', 'x/logs/a.ts', 'inner/own.ts', 'inner/c.gen.ts')).toEqual([
    '.gitignore',
    'a.ts',
    'keep.gen.ts',
    'own.ts',
    'inner/.gitignore',
    'inner/b.gen.ts',
    'inner/secret/a.ts',
  ]);
});

test('folders and files that hold no source', async () => {
  for (const path of ['node_modules/a.js', '.git/config', 'x/__pycache__/a.py', 'dist/a.js', 'p.egg-info/a.txt']) {
    put(path);
  }
  for (const path of ['yarn.lock', 'package-lock.json', 'a.min.js', 'a.png', '.env', 'id_rsa', 'empty.ts']) {
    put(path, path === 'empty.ts' ? '' : 'x');
  }
  put('large.ts', 'x'.repeat(1024 * 1024 + 1));
  put('a.ts');
  expect(await found('node_modules/a.js', '.git/config', 'dist/a.js', 'yarn.lock', '.env', 'large.ts')).toEqual([
    'a.ts',
  ]);
  // With rules, they say what is built.
  put('.gitignore', 'out');
  expect(await found()).toEqual(['.gitignore', 'a.ts', 'dist/a.js']);
});

test('no link is followed, and only regular files are found', async () => {
  put('a.ts');
  writeFileSync(join(outside, 'other.ts'), 'x');
  symlinkSync(join(outside, 'other.ts'), join(folder, 'link.ts'));
  symlinkSync(outside, join(folder, 'up'));
  symlinkSync('.', join(folder, 'loop'));
  if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'pipe.ts')]);
  expect(await found('link.ts', 'up/other.ts', 'loop/a.ts', 'pipe.ts')).toEqual(['a.ts']);
});

test('a hostile .gitignore takes no time', async () => {
  const stars = '*a'.repeat(60);
  put('.gitignore', `${stars}b\n${'**/a/'.repeat(50)}b\n${'x'.repeat(10_000)}\n${'[\n'.repeat(5000)}`);
  put(`${'a/'.repeat(39)}${'a'.repeat(200)}`);
  const start = performance.now();
  expect(await found()).toHaveLength(2);
  expect(performance.now() - start).toBeLessThan(2000);
});

test('strange names are names', async () => {
  put('.gitignore', 'x');
  const names = ['...', '..t', '\u001b[31m.ts', 'a b.ts', 'ü.ts', '-rf', '#.ts', '!a.ts'];
  for (const name of names) put(name);
  put('..b/a.ts');
  expect((await found()).toSorted()).toEqual([...names, '.gitignore', '..b/a.ts'].toSorted());
});

test('deep nesting ends, and a walk can be stopped', async () => {
  put(`${'d/'.repeat(41)}a.ts`);
  put(`${'d/'.repeat(40)}b.ts`);
  expect(await found(`${'d/'.repeat(41)}a.ts`)).toEqual([`${'d/'.repeat(40)}b.ts`]);
  const files = walk(folder, AbortSignal.abort());
  await expect(files.next()).rejects.toThrow('aborted');
});

test('a folder that is not there is an error', async () => {
  await expect(walk(join(folder, 'no')).next()).rejects.toThrow('ENOENT');
});
