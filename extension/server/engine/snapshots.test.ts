import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeSnapshots } from './snapshots.ts';

test('removes snapshots and what is left of one, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'paddock-snapshots-'));
  const hex = '0123456789abcdef'.repeat(2);
  for (const name of [`${hex}.kv`, `.${hex}.12.3.tmp`, 'notes.kv', '.hidden.tmp']) {
    await writeFile(join(folder, name), '');
  }
  await removeSnapshots(folder);
  expect((await readdir(folder)).sort()).toEqual(['.hidden.tmp', 'notes.kv']);
  await rm(folder, { recursive: true });
  await removeSnapshots(folder);
});
