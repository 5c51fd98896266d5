import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Replaces a file as a whole: after a crash or a power failure it holds the old text or the new one. The engine uses
 * the same temporary names for its files.
 */
export async function writeAtomically(path: string, text: string | Iterable<Uint8Array>): Promise<void> {
  const folder = dirname(path);
  await removeLeftovers(folder);
  const temporary = join(folder, `.${randomBytes(16).toString('hex')}.${process.pid}.tmp`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      // Each call goes on where the one before it ended.
      for (const part of typeof text === 'string' ? [text] : text) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Folders that this process has cleaned. */
const cleaned = new Set<string>();

/** Removes temporary files of killed processes, and nothing else. */
async function removeLeftovers(folder: string): Promise<void> {
  if (cleaned.has(folder)) return;
  cleaned.add(folder);
  const names = await readdir(folder).catch(() => []);
  const left = names.filter((name) => {
    const pid = /^\.[0-9a-f]{32}\.(\d+)\.tmp$/u.exec(name)?.[1];
    return pid !== undefined && Number(pid) !== process.pid && !isAlive(Number(pid));
  });
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // The process is alive and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** A new name lasts when its folder is on the disk. Windows has no such call, and needs none. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
