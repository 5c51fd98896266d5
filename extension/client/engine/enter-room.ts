/** Finds the process that all windows share, and starts it if there is none. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isCode } from '../../base/error-code.ts';
import { readCard, type RoomCard } from '../../base/room-card.ts';
import { enter, SilentError, type Entered } from '../../base/room-hello.ts';
import type { RoomPlace } from '../../base/room-place.ts';
import { tryStartLock } from '../../base/start-lock.ts';
import { startRoom, type StartRoomOptions } from './start-room.ts';

/** Another window may start the room meanwhile, and that room may wait for the end of the one before it. */
const longestMs = 30_000;
/** Only while another window starts the room. */
const lookAgainMs = 50;

/** Rejects when this place cannot have a room, with the reason. */
export async function enterRoom(options: StartRoomOptions, place: RoomPlace, signal: AbortSignal): Promise<Entered> {
  const deadline = performance.now() + longestMs;
  for (;;) {
    signal.throwIfAborted();
    const entered = (await tryEnter(place)) ?? (await startAndEnter(options, place, signal));
    if (entered !== undefined) return entered;
    if (performance.now() > deadline) throw new Error(`Another window holds ${place.startLock} and starts no engine.`);
    await sleep(lookAgainMs);
  }
}

/** `undefined` while another window starts the room. */
async function startAndEnter(
  options: StartRoomOptions,
  place: RoomPlace,
  signal: AbortSignal,
): Promise<Entered | undefined> {
  const release = await tryStartLock(place.startLock);
  if (release === undefined) return undefined;
  try {
    // It may have been started between the first look and the lock.
    const entered = await tryEnter(place);
    if (entered !== undefined) return entered;
    await startRoom(options, place, signal);
    return await tryEnter(place);
  } finally {
    await release().catch(() => undefined);
  }
}

/** `undefined` when no room listens here. A room that is silent twice hangs; once, the computer may have slept. */
async function tryEnter({ card: path }: RoomPlace): Promise<Entered | undefined> {
  for (let silences = 0; ;) {
    const card = await readCard(path);
    if (card === undefined) return undefined;
    try {
      return await enter(card);
    } catch (error) {
      // A room that is gone or going: its socket is stale, or its card was read just before its end.
      if (!(error instanceof SilentError)) return undefined;
      if (++silences < 2) continue;
      killHanging(card);
      return undefined;
    }
  }
}

/** It took the connection, so it lives, and nobody can use it. The card is its own, and so is the number. */
function killHanging({ pid }: RoomCard): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isCode(error, 'ESRCH', 'EPERM')) throw error;
  }
}
