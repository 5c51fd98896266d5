/** The process that all windows share, as it is built: how it is found, started, shared, lost and ended. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import { readCard } from '../../extension/base/room-card.ts';
import {
  Chat,
  Complete,
  CountTokens,
  GenerationProgress,
  LoadModel,
  UnloadModel,
} from '../../extension/protocol/server.ts';
import type { EngineState, GenerationResult } from '../../extension/protocol/server.ts';
import { startRaces } from '../workbench/effort.mjs';
import { longAnswer, question, smallModel } from './child.ts';
import { RoomWorld, buildWindowProgram, isAlive, kill, socketsOf } from './room.ts';
import type { TestWindow } from './room.ts';

const slow = 120_000;

let world: RoomWorld;
beforeEach(async () => {
  world = await RoomWorld.create();
});
afterEach(() => world.dispose(), slow);

const send = <R>({ connection }: TestWindow, { method }: { method: string }, params: object): Promise<R> =>
  connection.send(method, params, undefined) as Promise<R>;
const load = (window: TestWindow): Promise<unknown> => send(window, LoadModel, { id: smallModel });
/** Starts a long answer and resolves when text comes. */
async function longChat(window: TestWindow, token: string) {
  const stop = new CancellationTokenSource();
  let text = '';
  let begun: () => void = () => {};
  const writing = new Promise<void>((resolve) => (begun = resolve));
  window.connection.onProgress(GenerationProgress, token, (part) => {
    if (part.kind !== 'text') return;
    text += part.text;
    begun();
  });
  const params = { ...longAnswer, partialResultToken: token };
  const result = window.connection.send(Chat.method, params, stop.token) as Promise<GenerationResult>;
  result.catch(() => {});
  await Promise.race([writing, result]);
  return { result, stop, text: () => text };
}

/** Each window hears of the process on its own way: what one was answered the other may see a moment later. */
async function sees({ states }: { readonly states: readonly object[] }, state: object): Promise<void> {
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject(state), 5000);
}

describe('sharing', () => {
  test(
    'two windows have one process and one model; each sees what the other does, and cancels only its own',
    async () => {
      const [one, two] = [await world.open(), await world.open()];
      expect(two.pid).toBe(one.pid);
      expect(await world.rooms()).toEqual([one.pid]);
      await load(one);
      await sees(two, { kind: 'ready', otherModel: true });
      const loads = two.states.filter(({ kind }) => kind === 'loading').length;
      await load(two);
      expect(two.states.filter(({ kind }) => kind === 'loading')).toHaveLength(loads);
      const first = await longChat(one, 'one');
      await sees(two, { kind: 'answering', elsewhere: true });
      expect(one.states.at(-1)).toEqual({ kind: 'answering', model: expect.any(Object) as object });
      const queued = send<GenerationResult>(two, Chat, { ...question, maxTokens: 4 });
      // The window closes: its answer ends, and the other's begins.
      await one.connection.close();
      expect((await queued).text).not.toBe('');
      await expect(first.result).rejects.toThrow();
      expect(two.lost).toEqual([]);
      expect(await world.rooms()).toEqual([two.pid]);
    },
    slow,
  );

  test(
    'a window with other settings gets the model loaded anew, and each is answered by its own',
    async () => {
      const one = await world.open({ options: { contextLength: 1024 } });
      const two = await world.open({ options: { contextLength: 2048 } });
      await load(one);
      const running = await longChat(one, 'one');
      const loaded = load(two);
      // The answer of the other window is not cut off by the load.
      running.stop.cancel();
      expect((await running.result).finishReason).toBe('cancelled');
      await loaded;
      await sees(one, { kind: 'ready', otherModel: true });
      const again = await send<GenerationResult>(one, Chat, { ...question, maxTokens: 4 });
      expect(again.contextLength).toBe(1024);
      await sees(two, { kind: 'ready', otherModel: true });
      await expect(send(two, CountTokens, { text: 'x' })).rejects.toMatchObject({ data: { code: 'noModel' } });
      const other = await send<GenerationResult>(two, Chat, { ...question, maxTokens: 4 });
      expect(other.contextLength).toBe(2048);
    },
    slow,
  );

  test('another version, other kernels and another build have rooms of their own', async () => {
    const one = await world.open();
    const other = await world.open({ version: 'other' });
    process.env['PADDOCK_KERNELS'] = 'scalar';
    try {
      const scalar = await world.open();
      expect(new Set([one.pid, other.pid, scalar.pid]).size).toBe(3);
    } finally {
      delete process.env['PADDOCK_KERNELS'];
    }
    expect((await world.open()).pid).toBe(one.pid);
  });
});

describe('memory', () => {
  /** Bytes of the process that are in memory. */
  const resident = async (pid: number): Promise<number> =>
    1024 * Number(/VmRSS:\s+(\d+)/u.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);

  test(
    'a model that nobody uses leaves the memory, and the next question brings it back',
    async () => {
      const window = await world.open({ options: { idleMs: 1500 } });
      await load(window);
      await send<GenerationResult>(window, Chat, { ...question, maxTokens: 4 });
      const used = await resident(window.pid);
      await sees(window, { kind: 'resting' });
      expect(used - (await resident(window.pid))).toBeGreaterThan(80e6);
      const tokens = await send<{ tokens: number }>(window, CountTokens, { text: 'a question that is being typed' });
      expect(tokens.tokens).toBeGreaterThan(3);
      const states = window.states.length;
      expect((await send<GenerationResult>(window, Chat, { ...question, maxTokens: 4 })).text).not.toBe('');
      expect(window.states.slice(states).map(({ kind }) => kind)).not.toContain('failed');
    },
    slow,
  );

  test(
    'a small model completes code beside the one that answers; removing or unloading takes both',
    async () => {
      const window = await world.open();
      const completions: EngineState[] = [];
      window.connection.onState(({ role, state }) => void (role === 'completion' && completions.push(state)));
      const request = {
        path: 'a.py',
        languageId: 'python',
        prefix: 'def add(a, b):\n    return a',
        suffix: '\n',
        automatic: true,
      };
      // Typing brings the small model, and not the other.
      const { texts } = await send<{ texts: string[] }>(window, Complete, request);
      expect(texts[0]).toMatch(/^ \+ b/u);
      expect(completions.at(-1)).toMatchObject({ kind: 'ready' });
      expect(window.states.map(({ kind }) => kind)).not.toContain('ready');
      await load(window);
      const answer = await longChat(window, 'answer');
      const kinds = window.states.length;
      await send(window, Complete, { ...request, prefix: `# again\n${request.prefix}` });
      // The answer was not cut off for it.
      expect(window.states.slice(kinds).map(({ kind }) => kind)).not.toContain('loading');
      answer.stop.cancel();
      await answer.result;
      await window.connection.send(UnloadModel.method, undefined, undefined);
      await vi.waitFor(() => expect(completions.at(-1)).toEqual({ kind: 'noModel' }));
      expect(window.states.at(-1)).toEqual({ kind: 'noModel' });
    },
    slow,
  );
});

describe('starting', () => {
  let programs = '';
  let program = '';
  beforeAll(async () => {
    programs = await mkdtemp('/tmp/paddock-window-');
    program = await buildWindowProgram(join(programs, 'window.cjs'));
  });
  afterAll(() => rm(programs, { recursive: true }));

  test(`eight windows that start together have one process, ${startRaces} times`, async () => {
    for (let round = 0; round < startRaces; round++) {
      const windows = await Promise.all(Array.from({ length: 8 }, () => world.openProcess(program, 200)));
      expect(new Set(windows.map(({ pid }) => pid)).size).toBe(1);
      expect(await world.rooms()).toEqual([windows[0]?.pid]);
      for (const { child } of windows) child.kill('SIGKILL');
      await expect.poll(() => world.rooms(), { timeout: 10_000 }).toEqual([]);
    }
  }, 300_000);

  test(
    'the window that started it can close or be killed, and the others go on',
    async () => {
      const starter = await world.openProcess(program);
      const other = await world.open();
      expect(other.pid).toBe(starter.pid);
      starter.child.kill('SIGKILL');
      await once(starter.child, 'exit');
      await load(other);
      expect(other.lost).toEqual([]);
      expect(await world.rooms()).toEqual([other.pid]);
    },
    slow,
  );

  test('a stale socket, a stale card and a stale lock are no obstacle', async () => {
    const dead = await world.open();
    kill(dead.pid);
    await expect.poll(() => dead.lost.length).toBe(1);
    const folder = await world.folder();
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['room.json', 'room.lock', 's']));
    await writeFile(join(folder, 'start.lock'), `${dead.pid} token`);
    const next = await world.open();
    expect(next.pid).not.toBe(dead.pid);
    expect(await world.rooms()).toEqual([next.pid]);
  });

  test('a room that hangs is replaced when a window comes', async () => {
    const first = await world.open();
    process.kill(first.pid, 'SIGSTOP');
    const next = await world.open();
    expect(next.pid).not.toBe(first.pid);
    await expect.poll(() => first.lost.length).toBe(1);
    expect(await world.rooms()).toEqual([next.pid]);
  }, 60_000);

  test('a start that fails says why, in the log of the window', async () => {
    const module = join(programs, 'server.js');
    await writeFile(module, 'console.error("no engine here"); process.exit(7);');
    const logged: string[] = [];
    await expect(world.open({ module, logged })).rejects.toThrow('ended');
    expect(logged.join('\n')).toContain('no engine here');
    expect(logged.join('\n')).toContain('The engine process ended while it started (7).');
  });
});

describe('the end', () => {
  test('an empty room ends, frees everything and leaves only its log', async () => {
    const window = await world.open({ emptyMs: 300 });
    const folder = await world.folder();
    await window.connection.close();
    await expect.poll(() => world.rooms(), { timeout: 5000 }).toEqual([]);
    expect(await readdir(folder)).toEqual(['room.log']);
    expect((await stat(join(folder, 'room.log'))).mode & 0o777).toBe(0o600);
  });

  test('a window that comes back in time finds the model loaded', async () => {
    const window = await world.open({ emptyMs: 5000 });
    await load(window);
    await window.connection.close();
    const again = await world.open();
    expect(again.pid).toBe(window.pid);
    await load(again);
    expect(again.states.filter(({ kind }) => kind === 'loading')).toEqual([]);
  });

  test('a window that restarts it tells the others that it is on purpose', async () => {
    const [one, two] = [await world.open(), await world.open()];
    await load(one);
    const running = await longChat(two, 'two').catch(() => undefined);
    await one.connection.end();
    await expect.poll(() => isAlive(one.pid)).toBe(false);
    await expect.poll(() => two.lost).toEqual([{ reason: 'ended', onPurpose: true }]);
    expect(one.lost).toEqual([]);
    await running?.result.catch(() => {});
    // A room without a model ends at once, and all the same nobody takes that for a crash.
    const [three, four] = [await world.open(), await world.open()];
    expect(three.pid).not.toBe(one.pid);
    await three.connection.end();
    await expect.poll(() => four.lost).toEqual([{ reason: 'ended', onPurpose: true }]);
  });

  test(
    'kill -9 while it answers: every window notices, one starts a new one, and all go on',
    async () => {
      const windows = await Promise.all(Array.from({ length: 4 }, () => world.open()));
      await load(windows[0]!);
      const answer = await longChat(windows[0]!, 'killed');
      kill(windows[0]!.pid);
      await expect(answer.result).rejects.toThrow();
      expect(answer.text()).not.toBe('');
      for (const { lost } of windows) await expect.poll(() => lost.map(({ onPurpose }) => onPurpose)).toEqual([false]);
      const next = await Promise.all(windows.map(() => world.open()));
      expect(new Set(next.map(({ pid }) => pid)).size).toBe(1);
      expect(await world.rooms()).toEqual([next[0]?.pid]);
      await Promise.all(next.map(load));
      expect((await send<GenerationResult>(next[3]!, Chat, { ...question, maxTokens: 4 })).text).not.toBe('');
    },
    slow,
  );
});

describe('safety', () => {
  test('folder, socket, card and log are for the user alone, and no port is opened', async () => {
    const { pid } = await world.open();
    const folder = await world.folder();
    const modes = async (...names: string[]): Promise<number[]> =>
      Promise.all(names.map(async (name) => (await stat(join(folder, name))).mode & 0o777));
    expect(await modes('.', '..')).toEqual([0o700, 0o700]);
    expect(await modes('s', 'room.json', 'room.log')).toEqual([0o600, 0o600, 0o600]);
    const sockets = await socketsOf(pid);
    expect(sockets.filter(({ table }) => table !== 'unix')).toEqual([]);
    const names = sockets.flatMap(({ line }) => line.trim().split(/\s+/u)[7] ?? []);
    expect(names).toContain(join(folder, 's'));
    // Abstract sockets have no permissions; their names begin with @.
    expect(names.filter((name) => name.startsWith('@'))).toEqual([]);
  });

  test('another user reaches neither the folder nor the socket', async () => {
    await world.open();
    const place = await world.folder();
    // Only root can become somebody else; for others the modes that are checked above must do.
    if (process.getuid?.() !== 0) return;
    const script = `
      process.setgroups([]); process.setgid(65534); process.setuid(65534);
      const net = require('node:net'), fs = require('node:fs');
      const codes = [];
      for (const path of process.argv.slice(1)) try { fs.readFileSync(path); codes.push('read'); } catch (error) { codes.push(error.code); }
      net.connect(process.argv[1]).once('connect', () => end('connected')).once('error', (error) => end(error.code));
      const end = (code) => { console.log(JSON.stringify([...codes, code])); process.exit(); };
    `;
    const child = spawnSync(process.execPath, ['-e', script, join(place, 's'), join(place, 'room.json')]);
    expect(JSON.parse(child.stdout.toString())).toEqual(['EACCES', 'EACCES', 'EACCES']);
  });

  test('a connection without the token is closed at once and hears nothing', async () => {
    const window = await world.open();
    const card = await readCard(join(await world.folder(), 'room.json'));
    expect(card).toMatchObject({ pid: window.pid });
    const request = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}';
    for (const hello of [
      `paddock-room 1 ${'0'.repeat(64)}\n`,
      `Content-Length: ${request.length}\r\n\r\n${request}`,
      'x'.repeat(1000),
    ]) {
      const socket = connect(card?.address ?? '');
      let heard = '';
      socket.on('data', (data) => (heard += data.toString()));
      socket.on('error', () => undefined);
      socket.write(hello);
      await once(socket, 'close');
      expect(heard).toBe('');
    }
    expect(window.lost).toEqual([]);
    await expect.poll(() => window.logged.filter((line) => line.includes('was refused')).length).toBe(3);
    expect(await readFile(join(await world.folder(), 'room.log'), 'utf8')).not.toContain(card?.token);
  });

  test('the log stays small', async () => {
    await world.open();
    const log = join(await world.folder(), 'room.log');
    await appendFile(log, `${'x'.repeat(99)}\n`.repeat(30_000));
    const next = await world.open();
    await expect.poll(() => next.logged.some((line) => line.includes('2 in all'))).toBe(true);
    expect((await stat(log)).size).toBeLessThan(1000);
  });

  test('another version of the protocol is refused in words', async () => {
    const refused = world.open({ options: { protocolVersion: 999 } });
    await expect(refused).rejects.toThrow(/different versions.*Reload/u);
  });

  test('a folder that is open to others is refused in words, and the next one is used', async () => {
    await mkdir(join(world.runtime, 'paddock'));
    await chmod(join(world.runtime, 'paddock'), 0o777);
    const { TMPDIR } = process.env;
    process.env['TMPDIR'] = world.runtime;
    try {
      const { pid } = await world.open();
      expect(await readdir(join(world.runtime, 'paddock'))).toEqual([]);
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
      expect(command).toContain('--room');
      expect(command).not.toContain(join(world.runtime, 'paddock', '/'));
    } finally {
      if (TMPDIR === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = TMPDIR;
    }
  });

  test('where no folder can be used, a window has a child of its own and says why', async () => {
    // Root may write into every folder but those of the kernel.
    const before = { ...process.env };
    const long = join(world.runtime, 'x'.repeat(90));
    await mkdir(long);
    await symlink('/proc/self', join(world.runtime, 'link'));
    Object.assign(process.env, { XDG_RUNTIME_DIR: '/proc', TMPDIR: long, XDG_CACHE_HOME: join(world.runtime, 'link') });
    try {
      const window = await world.open();
      expect(await readFile(`/proc/${window.pid}/cmdline`, 'utf8')).toContain('--node-ipc');
      expect(window.logged.join('\n')).toMatch(
        /No engine can be shared .*starts its own.*\/proc.*too long for a socket/u,
      );
      await load(window);
      expect((await send<GenerationResult>(window, Chat, { ...question, maxTokens: 4 })).text).not.toBe('');
      await window.connection.close();
      expect(isAlive(window.pid)).toBe(false);
    } finally {
      process.env = before;
    }
  }, 60_000);

  test('a full or read-only folder costs the room, not the engine', async () => {
    const window = await world.open({ emptyMs: 200 });
    const folder = await world.folder();
    await window.connection.close();
    await expect.poll(() => world.rooms(), { timeout: 5000 }).toEqual([]);
    // What cannot be written, for root as well: a folder has the name of the card.
    await mkdir(join(folder, 'room.json'));
    const next = await world.open({ emptyMs: 200 });
    expect(next.pid).toBeGreaterThan(0);
    expect(await world.rooms()).toEqual([]);
    expect(isAlive(next.pid)).toBe(true);
  });
});

test('at rest neither the room nor its windows compute', async () => {
  const window = await world.open();
  await load(window);
  const ticks = async (): Promise<number> => {
    const fields = (await readFile(`/proc/${window.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = await ticks();
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect((await ticks()) - before).toBeLessThan(5);
}, 60_000);
