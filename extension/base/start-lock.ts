/**
 * A file that one process at a time holds for a few seconds; it names the process. It only keeps windows that start
 * together from starting a process each: whatever happens to this file, the lock of the room itself lets one live.
 */
import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { isCode } from './error-code.ts';

/** A holder needs a few seconds. After this time its number may have gone to another process. */
const longestMs = 60_000;
/** Between the making of a file and the writing of its text. */
const youngMs = 2000;

/** Takes the lock. Returns what gives it back; `undefined` while a living process holds it. */
export async function tryStartLock(path: string, pid = process.pid): Promise<(() => Promise<void>) | undefined> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const mine = `${pid} ${randomBytes(8).toString('hex')}`;
    if (await create(path, mine)) return () => removeOwn(path, mine);
    if (await isHeld(path)) return undefined;
    await takeAway(path);
  }
  return undefined;
}

async function create(path: string, text: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx', 0o600);
    try {
      await handle.writeFile(text);
    } catch (error) {
      // On a full disk a file can be made and not be written.
      await rm(path, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function isHeld(path: string): Promise<boolean> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    const age = Date.now() - mtimeMs;
    const pid = Number(/^(\d+) /u.exec(text)?.[1]);
    return Number.isInteger(pid) ? age < longestMs && isAlive(pid) : age < youngMs;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Moves a stale lock away. If it is a new one of somebody else by now, that one is put back. */
async function takeAway(path: string): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  if (await isHeld(aside)) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function removeOwn(path: string, mine: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text === mine) await rm(path, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // The process is alive and belongs to another user.
    return isCode(error, 'EPERM');
  }
}
