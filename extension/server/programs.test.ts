import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findProgram, outputOf, outputOfSync, startProgram } from './programs.ts';

let folder = '';
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'paddock-programs-')));
  writeFileSync(join(folder, 'planted'), '#!/bin/sh\necho planted\n');
  chmodSync(join(folder, 'planted'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

test.skipIf(process.platform === 'win32')('finds programs in absolute folders of PATH only', () => {
  const here = process.cwd();
  process.chdir(folder);
  try {
    for (const path of ['', '.', ':', './', '..:.']) {
      expect(findProgram('planted', { env: { PATH: path }, platform: 'linux' })).toBeUndefined();
    }
    expect(findProgram('planted', { env: { PATH: `.:${folder}` }, platform: 'linux' })).toBe(join(folder, 'planted'));
  } finally {
    process.chdir(here);
  }
});

test('refuses a program or a folder that depends on the current folder', async () => {
  const env = {};
  for (const call of [
    { program: 'node', args: [], folder, env },
    { program: process.execPath, args: [], folder: '.', env },
  ]) {
    expect(() => startProgram(call)).toThrow(/absolute/u);
    expect(() => outputOfSync(call, { timeoutMs: 1000 })).toThrow(/absolute/u);
    expect(() => outputOf(call, { timeoutMs: 1000 })).toThrow(/absolute/u);
  }
});

test('runs a program in the folder that is named', async () => {
  const call = { program: process.execPath, args: ['-p', 'process.cwd()'], folder, env: process.env };
  expect(outputOfSync(call, { timeoutMs: 10_000 }).trim()).toBe(folder);
  expect((await outputOf(call, { timeoutMs: 10_000 })).trim()).toBe(folder);
});
