import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { admit, greet, SilentError } from './room-hello.ts';

let folder: string;
let server: Server;
let guests: Socket[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-hello-'));
  guests = [];
  server = createServer((socket) => void guests.push(socket)).listen(join(folder, 's'));
  await once(server, 'listening');
});
afterEach(async () => {
  for (const guest of guests) guest.destroy();
  server.close();
  await rm(folder, { recursive: true });
});

async function pair(): Promise<{ client: Socket; guest: Socket }> {
  const client = connect(join(folder, 's'));
  client.on('error', () => undefined);
  await Promise.all([once(client, 'connect'), once(server, 'connection')]);
  return { client, guest: guests.at(-1)! };
}

it('lets in who has the token, and what is sent right behind the line is not lost', async () => {
  const { client, guest } = await pair();
  const admitted = admit(guest, 'secret', 42);
  client.write('paddock-room 1 sec');
  client.write('ret\nfirst message');
  await admitted;
  const [data] = (await Promise.all([once(guest, 'data'), Promise.resolve(guest.resume())]))[0] as [Buffer];
  expect(data.toString()).toBe('first message');
});

it('tells the client the process', async () => {
  const { client, guest } = await pair();
  expect(await Promise.all([greet(client, 'secret'), admit(guest, 'secret', 42)])).toEqual([42, undefined]);
});

it('refuses a wrong token, another greeting, a long line and silence, and says nothing to them', async () => {
  for (const text of ['paddock-room 1 wrong!\n', 'paddock-room 1 secre\n', 'GET / HTTP/1.1\n', 'x'.repeat(300)]) {
    const { client, guest } = await pair();
    let said = '';
    client.on('data', (data) => (said += data.toString()));
    const admitted = admit(guest, 'secret', 42);
    client.write(text);
    await expect(admitted).rejects.toThrow();
    guest.destroy();
    await once(client, 'close');
    expect(said).toBe('');
  }
  const { guest } = await pair();
  await expect(admit(guest, 'secret', 42, 50)).rejects.toThrow(SilentError);
});

it('tells a room that hangs from one that closes the connection', async () => {
  const { client } = await pair();
  await expect(greet(client, 'secret', 50)).rejects.toThrow(SilentError);
  const second = await pair();
  const greeting = greet(second.client, 'secret');
  second.guest.destroy();
  await expect(greeting).rejects.not.toThrow(SilentError);
});
