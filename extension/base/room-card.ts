/**
 * The card of a room: a file for the user alone that says where the room listens, and the token that it wants to see.
 * It is there while the room takes connections.
 */
import { randomBytes } from 'node:crypto';
import { lstat, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { whyNotPrivate } from './room-place.ts';

export interface RoomCard {
  readonly pid: number;
  /** The socket, or on Windows the pipe. */
  readonly address: string;
  readonly token: string;
}

export async function writeCard(path: string, card: RoomCard): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, JSON.stringify(card), { flag: 'wx', mode: 0o600 });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** `undefined` when there is none, or it is not one that the room of this user has written. */
export async function readCard(path: string, platform: string = process.platform): Promise<RoomCard | undefined> {
  try {
    const found = await lstat(path);
    if (!found.isFile() || found.size > 4096) return undefined;
    if (platform !== 'win32' && whyNotPrivate(path, found, process.getuid?.() ?? 0) !== undefined) return undefined;
    return parseCard(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

function parseCard(value: unknown): RoomCard | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('pid' in value) || !('address' in value) || !('token' in value)) return undefined;
  const { pid, address, token } = value;
  if (typeof address !== 'string' || typeof token !== 'string') return undefined;
  return typeof pid === 'number' && Number.isInteger(pid) && pid > 1 ? { pid, address, token } : undefined;
}
