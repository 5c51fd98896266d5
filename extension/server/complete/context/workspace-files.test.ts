import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WorkspaceFiles } from './workspace-files.ts';

let outside = '';
let folder = '';

beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'paddock-files-'));
  folder = join(outside, 'workspace');
  mkdirSync(join(folder, 'src'), { recursive: true });
  writeFileSync(join(outside, 'other.ts'), 'outside');
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(outside, { recursive: true });
});

function put(path: string, text: string | Uint8Array): void {
  writeFileSync(join(folder, path), text);
}

test('reads texts, with line ends of its own', async () => {
  put('src/a.ts', '\uFEFFa\r\nb\r\n');
  const files = new WorkspaceFiles(folder);
  expect(await files.read('src/a.ts')).toEqual({ path: 'src/a.ts', text: 'a\nb\n', lines: ['a', 'b', ''] });
  expect(await files.read('src/../src/a.ts')).toBeDefined();
  expect(await files.names('src')).toEqual(['a.ts']);
});

test('nothing outside, also by a link', async () => {
  symlinkSync(join(outside, 'other.ts'), join(folder, 'link.ts'));
  symlinkSync(outside, join(folder, 'up'));
  const files = new WorkspaceFiles(folder);
  for (const path of ['../other.ts', join(outside, 'other.ts'), 'link.ts', 'up/other.ts', 'src/../../other.ts']) {
    expect(await files.read(path)).toBeUndefined();
  }
  expect(await files.names('up')).toEqual([]);
  expect(await files.names('..')).toEqual([]);
});

test('a link inside is followed, but not to a secret', async () => {
  put('.env', 'KEY=1');
  put('src/a.ts', 'a');
  symlinkSync(join(folder, '.env'), join(folder, 'env.ts'));
  symlinkSync(join(folder, 'src/a.ts'), join(folder, 'a.ts'));
  const files = new WorkspaceFiles(folder);
  expect((await files.read('a.ts'))?.text).toBe('a');
  expect(await files.read('.env')).toBeUndefined();
  expect(await files.read('env.ts')).toBeUndefined();
});

test('what is large, binary, a folder, a pipe or absent is no source text', async () => {
  put('large.ts', 'x'.repeat(256 * 1024 + 1));
  put('binary.ts', Uint8Array.of(65, 0, 66));
  if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'pipe.ts')]);
  const files = new WorkspaceFiles(folder);
  for (const path of ['large.ts', 'binary.ts', 'src', 'pipe.ts', 'none.ts', 'a\0.ts']) {
    expect(await files.read(path)).toBeUndefined();
  }
  expect(await new WorkspaceFiles(join(folder, 'none')).read('a.ts')).toBeUndefined();
});

test('a file that has changed is read again after a while, another one stays the same object', async () => {
  put('a.ts', 'old');
  put('b.ts', 'same');
  const files = new WorkspaceFiles(folder);
  const [, b] = [await files.read('a.ts'), await files.read('b.ts')];
  put('a.ts', 'newer');
  expect((await files.read('a.ts'))?.text).toBe('old');
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 10_000);
  expect((await files.read('a.ts'))?.text).toBe('newer');
  expect(await files.read('b.ts')).toBe(b);
  vi.restoreAllMocks();
});
