/**
 * One process at a time: a file that is there while somebody works, with who that is. `proper-lockfile` would need a timer
 * that a long computation or a sleeping laptop delays, after which a second process takes a lock that is held; the pid
 * and the time at which its process started cannot be late.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from './engine/errors.ts';
import type { Host } from './host.ts';

export type LockHost = Pick<Host, 'pid' | 'isAlive' | 'startOf'>;

/** Who holds a lock. */
export interface Holder {
  readonly pid: number;
  readonly computer: string;
  /** When it was taken, in milliseconds since 1970. */
  readonly at: number;
  /** Tells this lock from any other. */
  readonly token: string;
}

/** What this process holds itself, or is about to. */
const held = new Map<string, Holder>();

/**
 * Throws `busy` with the words of `explain` while another living process, or this one, holds the lock at `path`. What a
 * process left that is gone is taken over.
 */
export async function withLock<T>(
  path: string,
  host: LockHost,
  explain: (holder: Holder) => string,
  work: () => Promise<T>,
): Promise<T> {
  const own = held.get(path);
  if (own !== undefined) throw new EngineError('busy', explain(own));
  const holder = { pid: host.pid, computer: hostname(), at: Date.now(), token: randomUUID() };
  held.set(path, holder);
  try {
    await acquire(path, holder, host, explain);
    return await work();
  } finally {
    held.delete(path);
    // It may not have been taken, or been deleted by hand, and be another run's.
    if ((await readHolder(path))?.token === holder.token) await rm(path, { force: true });
  }
}

/** For a run of the lab that writes into `folder`, which is made if it is not there. */
export async function withFolder<T>(folder: string, host: LockHost, work: () => Promise<T>): Promise<T> {
  const whole = resolve(folder);
  const path = join(whole, 'run.lock');
  await mkdir(whole, { recursive: true });
  const explain = ({ pid, computer, at }: Holder): string => {
    const where = computer === hostname() ? '' : ` on the computer ${computer}`;
    return (
      `Another run works in ${whole}: process ${pid}${where}, since ${new Date(at).toLocaleString()}. Wait until it has ended, stop it, ` +
      `or choose another folder. If there is no such run any more, delete ${path}.`
    );
  };
  return withLock(path, host, explain, work);
}

async function acquire(path: string, own: Holder, host: LockHost, explain: (holder: Holder) => string): Promise<void> {
  while (!(await create(path, own))) {
    const holder = await readHolder(path);
    if (holder === undefined) {
      // The other process has made the file and not yet written it, or died between the two.
      if (await isYoung(path)) await sleep(20);
      else await takeAway(path, undefined);
    } else if (isHeld(holder, host)) {
      throw new EngineError('busy', explain(holder));
    } else {
      await takeAway(path, holder.token);
    }
  }
}

/** False when the file is there already. */
async function create(path: string, holder: Holder): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(holder));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** A process that started clearly after the lock was taken only has the pid of the one that took it. */
const clockSlackMs = 60_000;

function isHeld({ pid, computer, at }: Holder, host: LockHost): boolean {
  // Whether a process of another computer lives cannot be seen from here.
  if (computer !== hostname()) return true;
  // Our own pid is that of a process that was here before us.
  if (pid === host.pid || !host.isAlive(pid)) return false;
  const start = host.startOf(pid);
  return start === undefined || start <= at + clockSlackMs;
}

/**
 * Removes a lock that nobody holds. Another process may do so at the same time and take it: moving the file shows
 * which one it was, and what was not meant goes back.
 */
async function takeAway(path: string, token: string | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  if ((await readHolder(aside))?.token === token) await rm(aside, { force: true });
  else await rename(aside, path);
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder> | null;
    const { pid, computer, at, token } = value ?? {};
    if (typeof pid !== 'number' || typeof at !== 'number') return undefined;
    return typeof computer === 'string' && typeof token === 'string' ? { pid, computer, at, token } : undefined;
  } catch {
    return undefined;
  }
}

const writingMs = 2000;

async function isYoung(path: string): Promise<boolean> {
  const made = await stat(path).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs < writingMs;
}
