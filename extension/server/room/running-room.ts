/** The room that runs, for a program that is no window: it finds one and never starts one. */
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { SocketMessageReader, SocketMessageWriter, createMessageConnection } from 'vscode-languageserver/node';
import type { MessageConnection } from 'vscode-languageserver/node';
import { readCard } from '../../base/room-card.ts';
import { enter } from '../../base/room-hello.ts';
import { findRoomPlace, roomFolders, roomKey } from '../../base/room-place.ts';
import { protocolVersion } from '../../protocol/model.ts';
import { FollowWork, WorkChanged } from '../../protocol/server.ts';
import type { Host } from '../host.ts';

/** A connection to the room, ready to be listened to. */
export interface RunningRoom {
  readonly connection: MessageConnection;
  /** Settles when the connection is gone, also by `close`. */
  readonly closed: Promise<void>;
  close(): void;
}

export interface FollowHooks {
  readonly onWork: (busy: boolean) => void;
  /** The connection is gone. Is not called after `close`. */
  readonly onLost: () => void;
}

export interface FollowedRoom {
  close(): void;
}

/** `undefined` when no room runs. */
export async function enterRunningRoom(host: Host, version: string): Promise<RunningRoom | undefined> {
  const socket = await openSocket(host, version);
  if (socket === undefined) return undefined;
  const connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      connection.dispose();
      resolve();
    });
  });
  // `close` follows.
  socket.on('error', () => {});
  connection.listen();
  socket.resume();
  return { connection, closed, close: () => void socket.destroy() };
}

/** Hears of the work of the room. `undefined` when none runs. */
export async function followRoom(
  host: Host,
  version: string,
  { onWork, onLost }: FollowHooks,
): Promise<FollowedRoom | undefined> {
  const room = await enterRunningRoom(host, version);
  if (room === undefined) return undefined;
  let isOpen = true;
  const close = (): void => {
    isOpen = false;
    room.close();
  };
  void room.closed.then(() => void (isOpen && onLost()));
  room.connection.onNotification(WorkChanged, ({ busy }) => void (isOpen && onWork(busy)));
  try {
    onWork((await room.connection.sendRequest(FollowWork)).busy);
    return { close };
  } catch {
    close();
    return undefined;
  }
}

async function openSocket(host: Host, version: string): Promise<Socket | undefined> {
  const { env, installFolder } = host;
  const module = join(installFolder, 'dist', 'server.js');
  const key = await roomKey({ version, protocolVersion, module, execArgv: [], env });
  for (const folder of await roomFolders(key, env)) {
    const place = await findRoomPlace(folder);
    const card = place && (await readCard(place.card));
    const entered = card && (await enter(card).catch(() => undefined));
    if (entered !== undefined) return entered.socket;
  }
  return undefined;
}
