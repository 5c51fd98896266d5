/**
 * Connects a window to the engine: to the room that all windows share, or where no folder can hold its socket to a
 * child of its own, which costs memory and nothing else.
 */
import type { Entered } from '../../base/room-hello.ts';
import { openRoomPlace, roomFolders, roomKey } from '../../base/room-place.ts';
import { protocolVersion } from '../../protocol/model.ts';
import type { EngineConnection } from './engine-connection.ts';
import { startEngineProcess, type EngineProcessOptions } from './engine-process.ts';
import { enterRoom } from './enter-room.ts';
import { RoomConnection } from './room-connection.ts';
import { RoomLog } from './room-log.ts';
import { execArgvOf } from './server-program.ts';

export interface ConnectEngineOptions extends EngineProcessOptions {
  /** Of the product. Another one has a room of its own. */
  readonly version: string;
  /** How long the room waits without a window; undefined = as it likes. */
  readonly emptyMs?: number | undefined;
}

/** A room may be killed between two steps of the way to it. */
const attempts = 3;

/** See `ConnectEngine`. */
export async function connectEngine(options: ConnectEngineOptions, signal: AbortSignal): Promise<EngineConnection> {
  const { log } = options;
  const reasons: string[] = [];
  for (const folder of await roomFolders(await keyOf(options), process.env)) {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const connection = await connectRoom(options, folder, signal);
      if (typeof connection !== 'string') return connection;
      if (attempt === attempts || connection !== diedText) {
        reasons.push(connection);
        break;
      }
    }
  }
  log.warn(`No engine can be shared with other windows, so this window starts its own. ${reasons.join(' ')}`);
  return startEngineProcess(options, signal);
}

const diedText = 'The engine process ended at once.';

/** Resolves with the reason when this folder cannot have a room. Rejects when the room refuses this window. */
async function connectRoom(
  options: ConnectEngineOptions,
  folder: string,
  signal: AbortSignal,
): Promise<EngineConnection | string> {
  const { log, endedText, graceMs } = options;
  let roomLog: RoomLog | undefined;
  let entered: Entered;
  try {
    const place = await openRoomPlace(folder);
    roomLog = await RoomLog.after(place.log, log);
    entered = await enterRoom(options, place, signal);
  } catch (error) {
    await roomLog?.close();
    signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  }
  const grace = graceMs === undefined ? {} : { graceMs };
  const connection = new RoomConnection(entered, { log, roomLog, endedText, ...grace });
  try {
    await connection.start(options.options);
    signal.throwIfAborted();
    return connection;
  } catch (error) {
    const hasDied = entered.socket.destroyed;
    await connection.close();
    signal.throwIfAborted();
    if (hasDied) return diedText;
    throw error;
  }
}

function keyOf({ module, debugPort, version }: ConnectEngineOptions): Promise<string> {
  const execArgv = execArgvOf({ module, debugPort });
  return roomKey({ version, protocolVersion, module, execArgv, env: process.env });
}
