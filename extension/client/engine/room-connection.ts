/** A window's connection to the process that all windows share. */
import type { Socket } from 'node:net';
import { SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';
import { isCode } from '../../base/error-code.ts';
import type { Entered } from '../../base/room-hello.ts';
import { EndEngine, type ServerOptions } from '../../protocol/server.ts';
import type { Log } from '../lib/log.ts';
import { defaultGraceMs, killMs } from './engine-process.ts';
import { MessageChannel } from './message-channel.ts';
import type { RoomLog } from './room-log.ts';

export interface RoomConnectionOptions {
  readonly log: Log;
  readonly roomLog: RoomLog;
  readonly endedText: string;
  /** Time for the process to end by itself before it is killed. */
  readonly graceMs?: number;
}

export class RoomConnection extends MessageChannel {
  readonly pid: number;
  readonly #socket: Socket;
  readonly #options: RoomConnectionOptions;
  readonly #closed: Promise<void>;

  constructor({ socket, pid }: Entered, options: RoomConnectionOptions) {
    super(new SocketMessageReader(socket), new SocketMessageWriter(socket), options.log, options.endedText);
    this.pid = pid;
    this.#socket = socket;
    this.#options = options;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    // `close` follows and says that the process is gone.
    socket.on('error', () => undefined);
    socket.once('close', () => this.lose(`${options.endedText} (${pid})`));
    socket.resume();
  }

  async start(options: ServerOptions): Promise<void> {
    const ended = this.#closed.then((): never => {
      throw new Error(this.#options.endedText);
    });
    await this.initialize(options, ended);
    this.#options.roomLog.follow();
  }

  /** Shows what the process wrote at its end. */
  protected async leave(process: boolean): Promise<void> {
    if (process) await this.#endProcess();
    this.#socket.destroy();
    await this.#closed;
    await this.#options.roomLog.close();
  }

  /** The system closes the socket when the process is gone. */
  async #endProcess(): Promise<void> {
    this.connection.sendRequest(EndEngine).catch(() => undefined);
    const { graceMs = defaultGraceMs } = this.#options;
    const killTimer = setTimeout(() => kill(this.pid), graceMs);
    let stuckTimer: ReturnType<typeof setTimeout> | undefined;
    const stuck = new Promise<void>((resolve) => (stuckTimer = setTimeout(resolve, graceMs + killMs)));
    await Promise.race([this.#closed, stuck]);
    clearTimeout(killTimer);
    clearTimeout(stuckTimer);
  }
}

/** While the socket is open, the number is that of the room. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isCode(error, 'ESRCH')) throw error;
  }
}
