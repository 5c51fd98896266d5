/**
 * One process at a time: a folder in which everybody who works, or is about to, has an empty file, whose name says who
 * that is. Who comes puts their file there and only then looks for others, so of two at least one sees the other; and
 * what a process left that is gone can be removed by anybody at any moment, since no other file has its name. A single
 * file cannot do that: between the look and the removal it may have become another one's.
 *
 * `proper-lockfile` would need a timer that a long computation or a sleeping laptop delays, after which a second
 * process
 * takes a lock that is held; the pid and the time at which its process started cannot be late.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
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
  /** Tells it from any other. */
  readonly token: string;
}

/** What this process holds itself, or is about to. */
const held = new Map<string, Holder>();

/**
 * Throws `busy` with the words of `explain` while another living process, or this one, holds the lock at `path`, a
 * folder
 * in one that is there. What a process left that is gone is taken over.
 */
export async function withLock<T>(
  path: string,
  host: LockHost,
  explain: (holder: Holder) => string,
  work: () => Promise<T>,
): Promise<T> {
  const own = held.get(path);
  if (own !== undefined) throw new EngineError('busy', explain(own));
  const token = randomUUID();
  const mine = (): Holder => ({ pid: host.pid, computer: hostname(), at: Date.now(), token });
  held.set(path, mine());
  try {
    const holder = await acquire(path, mine, host, explain);
    try {
      return await work();
    } finally {
      await leave(path, holder);
    }
  } finally {
    held.delete(path);
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

/** Two that come at the same moment see each other, and both step back; by chance, one comes again first. */
const sameMomentMs = 1000;
const stepBackMs = 30;

async function acquire(
  path: string,
  mine: () => Holder,
  host: LockHost,
  explain: (holder: Holder) => string,
): Promise<Holder> {
  for (;;) {
    const own = mine();
    await enter(path, own);
    const other = await findOther(path, own, host);
    if (other === undefined) return own;
    await leave(path, own);
    if (own.at - other.at > sameMomentMs || other.computer !== own.computer) {
      throw new EngineError('busy', explain(other));
    }
    await sleep(Math.random() * stepBackMs);
  }
}

async function enter(path: string, own: Holder): Promise<void> {
  for (;;) {
    await mkdir(path).catch(ignore('EEXIST'));
    try {
      await writeFile(join(path, nameOf(own)), '', { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      // The last one to leave has taken the folder away.
      ignore('ENOENT')(error);
    }
  }
}

async function leave(path: string, own: Holder): Promise<void> {
  await rm(join(path, nameOf(own)), { force: true });
  // Somebody else may be in it, or have taken it away.
  await rmdir(path).catch(() => undefined);
}

/** Somebody else who is there and lives; what others left that do not live goes. */
async function findOther(path: string, own: Holder, host: LockHost): Promise<Holder | undefined> {
  for (const name of await readdir(path)) {
    const holder = parseName(name);
    if (holder === undefined || holder.token === own.token) continue;
    if (isHeld(holder, host)) return holder;
    await rm(join(path, name), { force: true });
  }
  return undefined;
}

function ignore(code: string): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof Error && 'code' in error && error.code === code)) throw error;
  };
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

function nameOf({ pid, at, token, computer }: Holder): string {
  return `${pid}.${at}.${token}.${encodeURIComponent(computer)}`;
}

function parseName(name: string): Holder | undefined {
  const [, pid, at, token, computer] = /^(\d+)\.(\d+)\.([\w-]+)\.(.+)$/u.exec(name) ?? [];
  if (token === undefined || computer === undefined) return undefined;
  return { pid: Number(pid), at: Number(at), token, computer: decoded(computer) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
