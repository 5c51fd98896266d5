/** The room that runs, for a program that is no window: it finds one, never starts one, and is asked nothing for. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { SocketMessageReader, SocketMessageWriter, createMessageConnection } from 'vscode-languageserver/node';
import { readCard } from '../../base/room-card.ts';
import { greet } from '../../base/room-hello.ts';
import { findRoomPlace, roomFolders, roomKey } from '../../base/room-place.ts';
import { protocolVersion } from '../../protocol/model.ts';
import { FollowWork, WorkChanged } from '../../protocol/server.ts';
import type { Host } from '../host.ts';

export interface FollowHooks {
  readonly onWork: (busy: boolean) => void;
  /** The connection is gone. Is not called after `close`. */
  readonly onLost: () => void;
}

export interface FollowedRoom {
  close(): void;
}

/** Hears of the work of the room. `undefined` when none runs. */
export async function followRoom(
  host: Host,
  version: string,
  { onWork, onLost }: FollowHooks,
): Promise<FollowedRoom | undefined> {
  const socket = await enterRunningRoom(host, version);
  if (socket === undefined) return undefined;
  const connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
  let isOpen = true;
  const end = (then?: () => void): void => {
    if (!isOpen) return;
    isOpen = false;
    connection.dispose();
    socket.destroy();
    then?.();
  };
  socket.on('error', () => {});
  socket.once('close', () => end(onLost));
  connection.onNotification(WorkChanged, ({ busy }) => onWork(busy));
  connection.listen();
  socket.resume();
  try {
    onWork((await connection.sendRequest(FollowWork)).busy);
  } catch {
    end();
    return undefined;
  }
  return isOpen ? { close: () => end() } : undefined;
}

async function enterRunningRoom(host: Host, version: string): Promise<Socket | undefined> {
  const { env, installFolder } = host;
  const module = join(installFolder, 'dist', 'server.js');
  const key = await roomKey({ version, protocolVersion, module, execArgv: [], env });
  for (const folder of await roomFolders(key, env)) {
    const place = await findRoomPlace(folder);
    const card = place && (await readCard(place.card));
    if (card === undefined) continue;
    const socket = connect(card.address);
    try {
      await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      await greet(socket, card.token);
      return socket;
    } catch {
      socket.destroy();
    }
  }
  return undefined;
}
