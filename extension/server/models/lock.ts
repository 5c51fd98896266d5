import { open, readFile, rm } from 'node:fs/promises';
import { EngineError } from '../engine/errors.ts';
import type { Host } from '../host.ts';

/**
 * Keeps other windows from writing the same file. Throws `busy` while another living process holds the lock; one
 * that a dead process left is taken over.
 */
export async function withLock<T>(
  path: string,
  host: Pick<Host, 'pid' | 'isAlive'>,
  work: () => Promise<T>,
): Promise<T> {
  await acquire(path, host);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string, host: Pick<Host, 'pid' | 'isAlive'>): Promise<void> {
  for (;;) {
    try {
      const handle = await open(path, 'wx');
      await handle.writeFile(String(host.pid));
      await handle.close();
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        throw error;
      }
    }
    const holder = Number(await readFile(path, 'utf8').catch(() => ''));
    if (Number.isInteger(holder) && holder > 0 && holder !== host.pid && host.isAlive(holder)) {
      throw new EngineError('busy', 'Another window or program is downloading this model. Wait until it is done.');
    }
    await rm(path, { force: true });
  }
}
