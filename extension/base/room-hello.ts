/**
 * The first line in each direction of a connection to a room, before any message: the client shows the token, the room
 * answers with its process. A room says nothing to a client without the token.
 */
import { timingSafeEqual } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { RoomCard } from './room-card.ts';

const greeting = 'paddock-room 1';
/** A process answers within milliseconds, unless it hangs or the computer sleeps. */
const helloMs = 5000;
const longestLine = 256;

/** A connection that the room has taken. The next byte in each direction belongs to a message. */
export interface Entered {
  readonly socket: Socket;
  readonly pid: number;
}

/** Connects to the room that a card names. Rejects when nobody listens there, or as `greet` does. */
export async function enter({ address, token }: RoomCard): Promise<Entered> {
  const socket = await opened(address);
  try {
    return { socket, pid: await greet(socket, token) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function opened(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** The client's side. Returns the room's process. Rejects when the room closes the connection or does not answer. */
export async function greet(socket: Socket, token: string, timeoutMs = helloMs): Promise<number> {
  socket.write(`${greeting} ${token}\n`);
  const line = await readLine(socket, timeoutMs);
  const pid = Number(/^paddock-room 1 (\d+)$/u.exec(line)?.[1]);
  if (!Number.isInteger(pid)) throw new Error('The engine process did not answer as expected.');
  return pid;
}

/** The room's side. Rejects when the client does not have the token; the caller closes the connection. */
export async function admit(socket: Socket, token: string, pid: number, timeoutMs = helloMs): Promise<void> {
  const line = Buffer.from(await readLine(socket, timeoutMs));
  const expected = Buffer.from(`${greeting} ${token}`);
  if (line.length !== expected.length || !timingSafeEqual(line, expected)) throw new Error('The token is wrong.');
  socket.write(`${greeting} ${pid}\n`);
}

/** Thrown by `greet` when the other side accepts the connection and stays silent. */
export class SilentError extends Error {
  constructor() {
    super('The other side does not answer.');
    this.name = 'SilentError';
  }
}

/** Leaves the socket paused, with everything behind the line still to be read. */
function readLine(socket: Socket, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose).off('error', onError).pause();
      act();
    };
    const onData = (data: Buffer): void => {
      read = Buffer.concat([read, data]);
      const end = read.indexOf(0x0a);
      if (end < 0 && read.length <= longestLine) return;
      settle(() => {
        if (end < 0 || end > longestLine) return reject(new Error('The first line is too long.'));
        const rest = read.subarray(end + 1);
        if (rest.length > 0) socket.unshift(rest);
        resolve(read.subarray(0, end).toString());
      });
    };
    const onClose = (): void => settle(() => reject(new Error('The connection was closed.')));
    const onError = (error: Error): void => settle(() => reject(error));
    const timer = setTimeout(() => settle(() => reject(new SilentError())), timeoutMs);
    socket.on('data', onData).on('close', onClose).on('error', onError).resume();
  });
}
