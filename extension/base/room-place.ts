/**
 * The folder in which the windows of one user find the engine process that they share, the room. Only the user may
 * enter it. It holds the socket, the card with the token, the log and the locks.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { isCode } from './error-code.ts';

/** What a room depends on. Windows that agree in all of it share one. */
export interface RoomProgram {
  readonly version: string;
  readonly protocolVersion: number;
  /** Path of `dist/server.js`. When it or the native code beside it is rebuilt, that is another program. */
  readonly module: string;
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface RoomPlace {
  readonly folder: string;
  /** Empty on Windows, where the room chooses the name of a pipe. */
  readonly socket: string;
  /** Says where the room listens, see `room-card.ts`. */
  readonly card: string;
  readonly log: string;
  /** Held by a window while it starts the room. */
  readonly startLock: string;
  /** Held by the room as long as it lives. */
  readonly roomLock: string;
}

/** A folder that must not or cannot be used. The message says why. */
export class RoomPlaceError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'RoomPlaceError';
  }
}

/** Variables that change what the process does: the kernels, its folders, and the network of its downloads. */
const relevant = /^(?:PADDOCK_(?:KERNELS|MODELS)|HOME|XDG_(?:DATA|CONFIG)_HOME|LOCALAPPDATA|NODE_OPTIONS)$/u;
const relevantToNetwork = /^(?:(?:https?|all|no)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|PIP_\w+)$/iu;

/** Names a program, for the folder of its room. */
export async function roomKey({ version, protocolVersion, module, execArgv, env }: RoomProgram): Promise<string> {
  const files = [module, join(dirname(module), 'native', `${process.platform}-${process.arch}`, 'paddock.node')];
  const stamps = await Promise.all(
    files.map(async (path) => {
      const { size, mtimeMs } = (await stat(path).catch(() => undefined)) ?? {};
      return [path, size, mtimeMs];
    }),
  );
  const variables = Object.entries(env)
    .filter(([name]) => relevant.test(name) || relevantToNetwork.test(name))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const text = JSON.stringify([version, protocolVersion, stamps, execArgv, variables]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Where rooms may be, the best first: every window tries them in this order. */
export async function roomFolders(
  key: string,
  env: Readonly<Record<string, string | undefined>>,
  platform: string = process.platform,
): Promise<string[]> {
  if (platform === 'win32') {
    return [join(env['LOCALAPPDATA'] || join(homedir(), 'AppData', 'Local'), 'Paddock', 'room', key)];
  }
  const uid = process.getuid?.() ?? 0;
  const runtime = env['XDG_RUNTIME_DIR'] ?? '';
  // A window that was started without the variable must find the room of those that have it.
  const usual = `/run/user/${uid}`;
  const usualExists = (await stat(usual).catch(() => undefined)) !== undefined;
  const caches =
    platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return [
    ...new Set([
      ...(isAbsolute(runtime) ? [join(runtime, 'paddock', key)] : []),
      ...(usualExists ? [join(usual, 'paddock', key)] : []),
      join(tmpdir(), `paddock-${uid}`, key),
      join(caches, 'paddock', 'room', key),
    ]),
  ];
}

/** Makes the folder if needed and checks that nobody else can enter it. Throws `RoomPlaceError`. */
export async function openRoomPlace(folder: string, platform: string = process.platform): Promise<RoomPlace> {
  const place = roomPlace(folder, platform);
  // Linux takes 107 bytes and macOS 103; what is longer is cut off without a word.
  if (Buffer.byteLength(place.socket) > 103) {
    throw new RoomPlaceError(`The path ${place.socket} is too long for a socket.`);
  }
  try {
    // Nothing is made in a folder before it has been checked.
    for (const path of [dirname(folder), folder]) {
      await makeFolder(path);
      if (platform !== 'win32') await checkPrivate(path);
    }
  } catch (error) {
    if (error instanceof RoomPlaceError) throw error;
    throw new RoomPlaceError(`The folder ${folder} cannot be used: ${String(error)}`, error);
  }
  return place;
}

/** The same of a folder that is there already: makes nothing. `undefined` when it is not there, or not private. */
export async function findRoomPlace(
  folder: string,
  platform: string = process.platform,
): Promise<RoomPlace | undefined> {
  try {
    if (platform !== 'win32') for (const path of [dirname(folder), folder]) await checkPrivate(path);
    return roomPlace(folder, platform);
  } catch {
    return undefined;
  }
}

function roomPlace(folder: string, platform: string): RoomPlace {
  return {
    folder,
    socket: platform === 'win32' ? '' : join(folder, 's'),
    card: join(folder, 'room.json'),
    log: join(folder, 'room.log'),
    startLock: join(folder, 'start.lock'),
    roomLock: join(folder, 'room.lock'),
  };
}

/** Not by `recursive`: that never ends in a file system that lets nobody make folders, such as /proc. */
async function makeFolder(path: string, mayMakeParent = 3): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (isCode(error, 'EEXIST')) return;
    if (!isCode(error, 'ENOENT') || mayMakeParent === 0) throw error;
    await makeFolder(dirname(path), mayMakeParent - 1);
    await mkdir(path, { mode: 0o700 }).catch((again: unknown) => {
      if (!isCode(again, 'EEXIST')) throw again;
    });
  }
}

async function checkPrivate(path: string): Promise<void> {
  const found = await lstat(path);
  // A symbolic link would lead to where somebody else wants it to.
  if (!found.isDirectory()) throw new RoomPlaceError(`${path} is not a folder.`);
  const refusal = whyNotPrivate(path, found, process.getuid?.() ?? 0);
  if (refusal !== undefined) throw new RoomPlaceError(refusal);
}

/** Why a file or folder is not for this user alone; `undefined` when it is. */
export function whyNotPrivate(
  path: string,
  { uid, mode }: { readonly uid: number; readonly mode: number },
  user: number,
): string | undefined {
  if (uid !== user) return `${path} belongs to another user (${uid}).`;
  if ((mode & 0o077) === 0) return undefined;
  return `${path} is open to other users (mode ${(mode & 0o777).toString(8)}). Remove it, or take their rights away.`;
}
