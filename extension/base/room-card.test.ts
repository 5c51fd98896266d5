import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readCard, writeCard } from './room-card.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-card-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('is for the user alone, replaces an earlier one and leaves nothing else', async () => {
  const path = join(folder, 'room.json');
  await writeCard(path, { pid: 41, address: '/s', token: 'old' });
  await writeCard(path, { pid: 42, address: '/s', token: 'new' });
  expect(await readCard(path)).toEqual({ pid: 42, address: '/s', token: 'new' });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['room.json']);
});

it('counts as absent when it is damaged, too large or open to others', async () => {
  const path = join(folder, 'room.json');
  expect(await readCard(path)).toBeUndefined();
  const texts = ['', '{', 'null', '[]', '{"pid":1,"address":"/s","token":"t"}', '{"pid":42,"address":7,"token":"t"}'];
  for (const text of [...texts, `{"pid":42,"address":"/s","token":"${'t'.repeat(5000)}"}`]) {
    await writeFile(path, text, { mode: 0o600 });
    expect([text, await readCard(path)]).toEqual([text, undefined]);
  }
  await writeFile(path, '{"pid":42,"address":"/s","token":"t"}');
  expect(await readCard(path)).toMatchObject({ pid: 42 });
  await chmod(path, 0o644);
  expect(await readCard(path)).toBeUndefined();
});
