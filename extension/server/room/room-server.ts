import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import {
  ProposedFeatures,
  SocketMessageReader,
  SocketMessageWriter,
  createProtocolConnection,
} from 'vscode-languageserver/node';
import { createConnection } from 'vscode-languageserver';
import type { Connection, Logger, WatchDog } from 'vscode-languageserver';
import { writeCard } from '../../base/room-card.ts';
import { admit } from '../../base/room-hello.ts';
import type { RoomPlace } from '../../base/room-place.ts';
import { EngineEnds } from '../../protocol/server.ts';
import { serve } from '../server.ts';
import type { Served } from '../server.ts';
import type { BoundedLog } from './bounded-log.ts';
import type { Room } from './room.ts';

export interface RoomServerOptions {
  readonly room: Room;
  readonly place: RoomPlace;
  readonly log: BoundedLog;
  /** How long the room waits without a connection before it ends. */
  readonly emptyMs: number;
}

/** Time to write the prompt cache. Clients kill a room that takes longer. */
const longestEndMs = 3000;

/** Takes connections until it has been empty for a while, or is told to end. */
export class RoomServer {
  readonly #options: RoomServerOptions;
  readonly #token = randomBytes(32).toString('hex');
  readonly #server: Server;
  readonly #clients = new Map<Socket, { readonly connection: Connection; readonly served: Served }>();
  #emptyTimer: ReturnType<typeof setTimeout> | undefined;
  #ending = false;
  #ended: () => void = () => {};
  /** Settles when the process may exit. */
  readonly ended = new Promise<void>((resolve) => (this.#ended = resolve));

  constructor(options: RoomServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => void this.#onSocket(socket));
  }

  /** Only while the lock of the room is held: a socket that is there is one of a dead room. */
  async listen(): Promise<void> {
    const { place, room } = this.#options;
    const address = place.socket || String.raw`\\.\pipe\paddock-${randomBytes(16).toString('hex')}`;
    if (place.socket !== '') await rm(place.socket, { force: true });
    await listenPrivately(this.#server, address);
    await writeCard(place.card, { pid: room.host.pid, address, token: this.#token });
    this.#waitWhileEmpty();
  }

  /** Tells the clients, so that what they have asked for counts as interrupted, saves the prompt cache and ends. */
  async end(reason: string): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    clearTimeout(this.#emptyTimer);
    const { place, room, log } = this.#options;
    log.line(`The engine process ${room.host.pid} ends: ${reason}.`);
    // First of all the card goes, so that nobody new comes.
    await rm(place.card, { force: true }).catch(() => {});
    this.#server.close();
    const told = [...this.#clients.values()].map(({ connection, served }) => {
      served.close();
      return connection.sendNotification(EngineEnds).catch(() => {});
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, longestEndMs)));
    const saved = Promise.all([room.chat.unload(), room.completion.unload()]).catch((error: unknown) =>
      log.line(String(error)),
    );
    await Promise.race([Promise.all([...told, saved]), late]);
    clearTimeout(timer);
    this.#ended();
  }

  async #onSocket(socket: Socket): Promise<void> {
    const { room, log } = this.#options;
    // Whoever goes without a farewell is reported by `close`.
    socket.on('error', () => {});
    try {
      await admit(socket, this.#token, room.host.pid);
    } catch (error) {
      log.line(`A connection was refused: ${String(error)}`);
      socket.destroy();
      return;
    }
    if (this.#ending || socket.destroyed) return void socket.destroy();
    this.#serve(socket);
  }

  #serve(socket: Socket): void {
    const { room, log } = this.#options;
    const connection = createConnection(
      () =>
        createProtocolConnection(
          new SocketMessageReader(socket),
          new SocketMessageWriter(socket),
          loggerOf(socket, log),
        ),
      watchDogOf(socket),
      ProposedFeatures.all,
    );
    const onEnd = (): void => void this.end('a window restarts it');
    const served = serve(connection, room, { isOwner: false, onEnd });
    this.#clients.set(socket, { connection, served });
    clearTimeout(this.#emptyTimer);
    log.line(`A window has connected to process ${room.host.pid}; ${this.#clients.size} in all.`);
    socket.once('close', () => {
      this.#clients.delete(socket);
      served.close();
      connection.dispose();
      if (this.#ending) return;
      log.line(`A window has left; ${this.#clients.size} remain.`);
      if (this.#clients.size === 0) this.#waitWhileEmpty();
    });
    socket.resume();
  }

  #waitWhileEmpty(): void {
    clearTimeout(this.#emptyTimer);
    this.#emptyTimer = setTimeout(() => void this.end('no window is connected'), this.#options.emptyMs);
  }
}

/**
 * The library's own sends its complaints to the client, and throws when the client is gone: that answers find nobody
 * any more would end the process for all.
 */
function loggerOf(socket: Socket, log: BoundedLog): Logger {
  const line = (text: string): void => {
    if (!socket.destroyed) log.line(text);
  };
  return { error: line, warn: line, info: line, log: line };
}

/** The library's own would end the process with one client, and looks every three seconds whether that one lives. */
function watchDogOf(socket: Socket): WatchDog {
  return { shutdownReceived: false, initialize: () => {}, exit: () => socket.destroy() };
}

/** The socket is for the user alone from its first moment on. */
async function listenPrivately(server: Server, address: string): Promise<void> {
  const listening = once(server, 'listening');
  const before = process.umask(0o177);
  // The file is made within the call.
  server.listen(address);
  process.umask(before);
  await listening;
}
