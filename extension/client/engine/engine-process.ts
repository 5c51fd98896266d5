/**
 * Starts the engine's child process and speaks JSON-RPC with it over node IPC: no port is opened. The server speaks the
 * start and the end of the Language Server Protocol (`initialize`, `shutdown`, `exit`) and our own messages in between.
 */
// The client's one program: Node itself with a module of ours, in the module's folder.
// oxlint-disable-next-line no-restricted-imports
import { fork, type ChildProcess } from 'node:child_process';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import {
  CancellationToken,
  createMessageConnection,
  Emitter,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import { EngineStateChanged, type EngineState, type ServerOptions } from '../../protocol/server.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';
import type { EngineConnection } from './engine-connection.ts';

export interface EngineProcessOptions {
  /** Absolute path of dist/server.js. */
  readonly module: string;
  readonly options: ServerOptions;
  readonly log: Log;
  /** Where a debugger attaches when the extension itself is being debugged. */
  readonly debugPort: number;
  readonly endedText: string;
  /** Time for the process to exit by itself before it is killed. */
  readonly graceMs?: number;
}

/** The child saves its prompt cache before it ends. VS Code itself waits about five seconds for an extension. */
const defaultGraceMs = 3500;
/** A killed process that still exists is stuck in the operating system. Do not wait longer. */
const killMs = 5000;

/** See `ConnectEngine`. */
export async function startEngineProcess(
  { module, options, log, debugPort, endedText, graceMs = defaultGraceMs }: EngineProcessOptions,
  signal: AbortSignal,
): Promise<EngineConnection> {
  signal.throwIfAborted();
  const child = fork(module, ['--node-ipc', `--clientProcessId=${process.pid}`], {
    // Never the workspace: Python, for example, runs code from its working directory.
    cwd: dirname(module),
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', ELECTRON_NO_ASAR: '1' },
    execArgv: isDebugged() ? ['--nolazy', `--inspect=${debugPort}`] : [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const engine = new EngineProcess(child, log, endedText, graceMs);
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  try {
    await engine.initialize(options);
    signal.throwIfAborted();
    return engine;
  } catch (error) {
    child.kill('SIGKILL');
    await engine.close();
    throw error;
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

class EngineProcess implements EngineConnection {
  readonly #child: ChildProcess;
  readonly #connection: MessageConnection;
  readonly #store = new DisposableStore();
  readonly #states = this.#store.add(new Emitter<EngineState>());
  readonly #lost = this.#store.add(new Emitter<string>());
  readonly #exited: Promise<void>;
  readonly #endedText: string;
  readonly #graceMs: number;
  /** Why the process ended unexpectedly. */
  #lostReason: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(child: ChildProcess, log: Log, endedText: string, graceMs: number) {
    this.#child = child;
    this.#endedText = endedText;
    this.#graceMs = graceMs;
    if (child.stdout !== null) forEachLine(child.stdout, (line) => log.info(line));
    if (child.stderr !== null) forEachLine(child.stderr, (line) => log.error(line));
    const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child), {
      error: (message) => log.error(message),
      warn: (message) => log.warn(message),
      info: (message) => log.info(message),
      log: (message) => log.debug(message),
    });
    this.#connection = this.#store.add(connection);
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => resolve());
      // The process could not be started at all: `exit` does not follow.
      child.once('error', () => child.pid === undefined && resolve());
    });
    child.on('error', (error) => log.warn(String(error)));
    child.once('exit', (code, killedBy) => this.#onLost(`${endedText} (${killedBy ?? code})`));
    child.once('disconnect', () => this.#onLost(endedText));
    connection.onNotification(EngineStateChanged, (state) => this.#states.fire(state));
    connection.listen();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async initialize(initializationOptions: ServerOptions): Promise<void> {
    const params = { processId: process.pid, rootUri: null, capabilities: {}, initializationOptions };
    const ended = this.#exited.then(() => {
      throw new Error(this.#lostReason ?? this.#endedText);
    });
    await Promise.race([this.#connection.sendRequest('initialize', params), ended]);
    await this.#connection.sendNotification('initialized', {});
  }

  send(method: string, params: object | undefined, token = CancellationToken.None): Promise<unknown> {
    // jsonrpc would send an `undefined` token as another parameter.
    return params === undefined
      ? this.#connection.sendRequest(method, token)
      : this.#connection.sendRequest(method, params, token);
  }

  notify(method: string, params: object): Promise<void> {
    return this.#connection.sendNotification(method, params);
  }

  onProgress: EngineConnection['onProgress'] = (type, token, handler) =>
    this.#connection.onProgress(type, token, handler);

  onState(handler: (state: EngineState) => void): Disposable {
    return this.#states.event(handler);
  }

  onLost(handler: (reason: string) => void): Disposable {
    if (this.#lostReason !== undefined) handler(this.#lostReason);
    return this.#lost.event(handler);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  #onLost(reason: string): void {
    if (this.#lostReason !== undefined || this.#closing !== undefined) return;
    this.#lostReason = reason;
    this.#lost.fire(reason);
  }

  async #close(): Promise<void> {
    const child = this.#child;
    const killTimer = setTimeout(() => child.kill('SIGKILL'), this.#graceMs);
    const asked = this.#askToEnd();
    let stuckTimer: ReturnType<typeof setTimeout> | undefined;
    const stuck = new Promise<void>((resolve) => {
      stuckTimer = setTimeout(resolve, this.#graceMs + killMs);
    });
    await Promise.race([this.#exited, stuck]);
    clearTimeout(killTimer);
    clearTimeout(stuckTimer);
    this.#store.dispose();
    await asked;
  }

  async #askToEnd(): Promise<void> {
    try {
      await Promise.race([this.#connection.sendRequest('shutdown'), this.#exited]);
      await this.#connection.sendNotification('exit');
    } catch {
      // The process is gone or exiting and takes no requests.
      this.#child.kill('SIGKILL');
    }
  }
}

function forEachLine(stream: Readable, handle: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', handle);
}

function isDebugged(): boolean {
  return process.execArgv.some((argument) => /^--inspect(?:-brk)?(?:=|$)/.test(argument));
}
