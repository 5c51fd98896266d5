/** Starts the process that all windows share. It is detached: it lives on when this window closes. */
import { open, type FileHandle } from 'node:fs/promises';
import type { RoomPlace } from '../../base/room-place.ts';
import { object, oneOf, optional, text } from '../../protocol/check.ts';
import { forkServer, type ServerChild, type ServerProgram } from './server-program.ts';

/** Longer than a room waits for the end of the one before it. */
const startMs = 20_000;

export interface StartRoomOptions extends ServerProgram {
  /** How long the room waits without a window; undefined = as it likes. */
  readonly emptyMs?: number | undefined;
}

/** Settles when the room listens. Rejects with what it or the system says; then no process is left. */
export async function startRoom(
  { emptyMs, ...program }: StartRoomOptions,
  place: RoomPlace,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  // A room that cannot write its log still answers.
  const log = await open(place.log, 'a', 0o600).catch(() => undefined);
  let child: ServerChild;
  try {
    const output = log?.fd ?? 'ignore';
    const args = ['--room', place.folder, ...(emptyMs === undefined ? [] : [String(emptyMs)])];
    child = forkServer(program, { args, stdio: ['ignore', output, output, 'ipc'], detached: true });
  } finally {
    await closeQuietly(log);
  }
  try {
    await listening(child, signal);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function listening(child: ServerChild, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      child.off('message', onMessage).off('exit', onExit);
      act();
    };
    const fail = (reason: string): void => settle(() => reject(new Error(reason)));
    const onMessage = (message: unknown): void => {
      const start = parseStart(message);
      if (start === undefined) return;
      if (start.kind === 'refused') fail(start.reason ?? '');
      else settle(resolve);
    };
    const onExit = (code: number | null, killedBy: string | null): void =>
      fail(`The engine process ended while it started (${killedBy ?? code}).`);
    const onAbort = (): void => fail('The start is not wanted any more.');
    const timer = setTimeout(() => fail('The engine process did not start in time.'), startMs);
    signal.addEventListener('abort', onAbort);
    // `error` may come at any time, also when nobody waits any more.
    child
      .on('message', onMessage)
      .on('exit', onExit)
      .on('error', (error) => fail(String(error)));
  });
}

const roomStart = object({ kind: oneOf(['listening', 'refused']), reason: optional(text()) });

function parseStart(message: unknown): ReturnType<typeof roomStart> | undefined {
  try {
    return roomStart(message, 'message');
  } catch {
    return undefined;
  }
}

async function closeQuietly(handle: FileHandle | undefined): Promise<void> {
  await handle?.close().catch(() => undefined);
}
