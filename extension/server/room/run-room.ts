/** The life of the room's process: the folder, the lock, the socket, the end. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRoomPlace } from '../../base/room-place.ts';
import type { RoomPlace } from '../../base/room-place.ts';
import type { RoomStart } from '../../protocol/server.ts';
import { EngineError } from '../engine/errors.ts';
import type { Host } from '../host.ts';
import { withLock } from '../lock.ts';
import { BoundedLog } from './bounded-log.ts';
import { RoomServer } from './room-server.ts';
import { createRoom } from './room.ts';

const usualEmptyMs = 30_000;
/** An ending room saves its prompt cache. Its successor waits, so that never two models are in memory. */
const predecessorMs = 10_000;

/** Settles when the process may exit. */
export async function runRoom(host: Host, folder: string, emptyMs = usualEmptyMs): Promise<void> {
  const log = new BoundedLog();
  try {
    const place = await openRoomPlace(folder);
    await withRoomLock(host, place, async () => {
      const server = new RoomServer({ room: createRoom(host), place, log, emptyMs });
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
        process.on(signal, () => void server.end(`it was told so by ${signal}`));
      }
      await server.listen();
      await report({ kind: 'listening' });
      await server.ended;
      await rm(place.socket, { force: true }).catch(() => {});
    });
    process.exit(0);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.line(reason);
    await report({ kind: 'refused', reason });
    process.exit(1);
  }
}

async function withRoomLock(host: Host, { roomLock }: RoomPlace, work: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + predecessorMs;
  let began = false;
  for (;;) {
    try {
      return await withLock(
        roomLock,
        host,
        ({ pid }) => `Another engine process (${pid}) is in this room.`,
        () => {
          began = true;
          return work();
        },
      );
    } catch (error) {
      if (began || !EngineError.is(error, 'busy') || performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

/** Tells the window that has started this process. It may be gone. */
async function report(start: RoomStart): Promise<void> {
  await new Promise<void>((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(start, undefined, undefined, () => resolve());
  });
}
