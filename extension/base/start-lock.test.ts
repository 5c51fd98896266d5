import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tryStartLock } from './start-lock.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-lock-'));
  path = join(folder, 'start.lock');
});
afterEach(() => rm(folder, { recursive: true }));

it('is held by one, and free when it is given back', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => tryStartLock(path)));
  const held = all.filter((release) => release !== undefined);
  expect(held).toHaveLength(1);
  await held[0]?.();
  expect(await readdir(folder)).toEqual([]);
  expect(await tryStartLock(path)).toBeDefined();
});

it('is taken over from a dead process, by one', async () => {
  const dead = spawnSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).stdout.trim();
  await writeFile(path, `${dead} token`);
  const all = await Promise.all(Array.from({ length: 8 }, () => tryStartLock(path)));
  expect(all.filter((release) => release !== undefined)).toHaveLength(1);
});

it('is taken over after a minute, also from a living process, and at once when it is damaged and old', async () => {
  await writeFile(path, `${process.pid} token`);
  expect(await tryStartLock(path)).toBeUndefined();
  const old = new Date(Date.now() - 61_000);
  await utimes(path, old, old);
  expect(await tryStartLock(path)).toBeDefined();
  await writeFile(path, 'nonsense');
  expect(await tryStartLock(path)).toBeUndefined();
  const recent = new Date(Date.now() - 3000);
  await utimes(path, recent, recent);
  expect(await tryStartLock(path)).toBeDefined();
});

it('does not remove the lock of a successor', async () => {
  const release = await tryStartLock(path);
  const old = new Date(Date.now() - 61_000);
  await utimes(path, old, old);
  const successor = await tryStartLock(path);
  await release?.();
  expect(await readdir(folder)).toEqual(['start.lock']);
  await successor?.();
  expect(await readdir(folder)).toEqual([]);
});

it('rejects when the folder is gone', async () => {
  await expect(tryStartLock(join(folder, 'gone', 'start.lock'))).rejects.toThrow('ENOENT');
});
