/** Rooms for tests: a runtime folder of their own, windows in this process and in others. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { expect } from 'vitest';
import { connectEngine } from '../../extension/client/engine/connect-engine.ts';
import type { EngineConnection } from '../../extension/client/engine/engine-connection.ts';
import { windowOptions } from './window-options.ts';
import type { EngineState, ServerOptions } from '../../extension/protocol/server.ts';
import { modelsFolder, root } from './child.ts';

export const serverModule = join(root, 'dist', 'server.js');

/** What one window sees. */
export interface TestWindow {
  readonly connection: EngineConnection;
  readonly pid: number;
  readonly states: EngineState[];
  readonly logged: string[];
  /** Why the connection was lost. */
  readonly lost: { readonly reason: string; readonly onPurpose: boolean }[];
}

export interface WindowOptions {
  readonly options?: Partial<ServerOptions>;
  readonly version?: string;
  readonly module?: string;
  readonly emptyMs?: number;
  /** Gets what the window logs. */
  readonly logged?: string[];
}

/** Everything of one test: its runtime folder, its windows, and the processes that it started. */
export class RoomWorld {
  readonly runtime: string;
  readonly #windows: TestWindow[] = [];
  readonly #programs: ChildProcess[] = [];
  readonly #before = process.env['XDG_RUNTIME_DIR'];

  private constructor(runtime: string) {
    this.runtime = runtime;
    process.env['XDG_RUNTIME_DIR'] = runtime;
  }

  static async create(): Promise<RoomWorld> {
    // Not in the folder for temporary files, whose path may be too long for a socket.
    return new RoomWorld(await mkdtemp(join('/tmp', 'paddock-room-')));
  }

  async open(given: WindowOptions = {}): Promise<TestWindow> {
    const { options = {}, version = 'test', module = serverModule, emptyMs = 1000, logged = [] } = given;
    if (!existsSync(module)) throw new Error(`${module} is missing. Run: npm run build`);
    const add = (message: string | Error): void => void logged.push(String(message));
    const connection = await connectEngine(
      {
        module,
        version,
        emptyMs,
        options: { ...defaultOptions, ...options },
        log: { debug: () => undefined, info: add, warn: add, error: add },
        debugPort: 0,
        endedText: 'ended',
      },
      new AbortController().signal,
    );
    const window: TestWindow = { connection, pid: connection.pid ?? 0, states: [], logged, lost: [] };
    connection.onState(({ role, state }) => void (role === 'chat' && window.states.push(state)));
    connection.onLost((reason, onPurpose) => void window.lost.push({ reason, onPurpose }));
    this.#windows.push(window);
    return window;
  }

  /** A window in a process of its own; resolves when it is connected, with the pid of the engine. */
  async openProcess(program: string, emptyMs = 1000): Promise<{ readonly child: ChildProcess; readonly pid: number }> {
    const child = spawn(process.execPath, [program, serverModule, String(emptyMs)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#programs.push(child);
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const said = JSON.parse(line) as { event: string; pid: number };
    if (said.event !== 'connected') throw new Error(`A window says ${line}`);
    return { child, pid: said.pid };
  }

  /** The rooms that run for this world. */
  async rooms(): Promise<number[]> {
    const found: number[] = [];
    for (const name of await readdir('/proc')) {
      const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
      if (command.includes('\0--room\0') && command.includes(`\0${this.runtime}/`)) found.push(Number(name));
    }
    return found;
  }

  /** The folder of the only room. */
  async folder(): Promise<string> {
    const names = await readdir(join(this.runtime, 'paddock'));
    expect(names).toHaveLength(1);
    return join(this.runtime, 'paddock', names[0]!);
  }

  async dispose(): Promise<void> {
    for (const child of this.#programs) child.kill('SIGKILL');
    await Promise.all(this.#windows.map(({ connection }) => connection.close()));
    for (const pid of await this.rooms()) kill(pid);
    await expect.poll(() => this.rooms()).toEqual([]);
    await rm(this.runtime, { recursive: true, force: true });
    if (this.#before === undefined) delete process.env['XDG_RUNTIME_DIR'];
    else process.env['XDG_RUNTIME_DIR'] = this.#before;
  }
}

const defaultOptions = windowOptions(modelsFolder);

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Makes a program of `window-program.ts`. */
export async function buildWindowProgram(outfile: string): Promise<string> {
  await build({
    entryPoints: [join(root, 'test', 'server', 'window-program.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  });
  return outfile;
}

/** The sockets of a process as lines of a table of /proc/net, by table. */
export async function socketsOf(pid: number): Promise<{ readonly table: string; readonly line: string }[]> {
  const links = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(links.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  const inodes = new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/u.exec(target)?.[1] ?? []));
  const found: { table: string; line: string }[] = [];
  for (const [table, column] of Object.entries({ tcp: 9, tcp6: 9, udp: 9, udp6: 9, raw: 9, raw6: 9, unix: 6 })) {
    const text = await readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const inode = line.trim().split(/\s+/u)[column];
      if (inode !== undefined && inodes.has(inode)) found.push({ table, line });
    }
  }
  return found;
}
