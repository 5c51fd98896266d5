import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The names that `native/engine/runtime/snapshot_store.cc` gives: whole files, and those being written. */
const snapshot = /^[0-9a-f]{32}\.kv$|^\.[0-9a-f]{32}\..+\.tmp$/u;

/** Removes the snapshots of earlier prompts of all models, and nothing else that may be in the folder. */
export async function removeSnapshots(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  await Promise.all(names.filter((name) => snapshot.test(name)).map((name) => rm(join(folder, name), { force: true })));
}
