/** A private child process over node IPC: the lab's, and the engine's where no folder can hold the shared one. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import type { ServerOptions } from '../../protocol/server.ts';
import type { Log } from '../lib/log.ts';
import type { EngineConnection } from './engine-connection.ts';
import { MessageChannel } from './message-channel.ts';
import { forkServer, type ServerChild, type ServerProgram } from './server-program.ts';

export interface EngineProcessOptions extends ServerProgram {
  readonly options: ServerOptions;
  readonly log: Log;
  readonly endedText: string;
  /** Time for the process to exit by itself before it is killed. */
  readonly graceMs?: number;
}

/** The child saves its prompt cache before it ends. VS Code itself waits about five seconds for an extension. */
export const defaultGraceMs = 3500;
/** A killed process that still exists is stuck in the operating system. Do not wait longer. */
export const killMs = 5000;

/** See `ConnectEngine`. */
export async function startEngineProcess(
  { options, log, endedText, graceMs = defaultGraceMs, ...program }: EngineProcessOptions,
  signal: AbortSignal,
): Promise<EngineConnection> {
  signal.throwIfAborted();
  const child = forkServer(program, { args: ['--node-ipc'], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const engine = new EngineProcess(child, log, endedText, graceMs);
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  try {
    await engine.start(options);
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

class EngineProcess extends MessageChannel {
  readonly #child: ServerChild;
  readonly #exited: Promise<void>;
  readonly #endedText: string;
  readonly #graceMs: number;

  constructor(child: ServerChild, log: Log, endedText: string, graceMs: number) {
    super(new IPCMessageReader(child), new IPCMessageWriter(child), log, endedText);
    this.#child = child;
    this.#endedText = endedText;
    this.#graceMs = graceMs;
    if (child.stdout !== null) forEachLine(child.stdout, (line) => log.info(line));
    if (child.stderr !== null) forEachLine(child.stderr, (line) => log.error(line));
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => resolve());
      // The process could not be started at all: `exit` does not follow.
      child.once('error', () => child.pid === undefined && resolve());
    });
    child.on('error', (error) => log.warn(String(error)));
    child.once('exit', (code, killedBy) => this.lose(`${endedText} (${killedBy ?? code})`));
    child.once('disconnect', () => this.lose(endedText));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async start(options: ServerOptions): Promise<void> {
    const ended = this.#exited.then((): never => {
      throw new Error(this.lossReason ?? this.#endedText);
    });
    await this.initialize(options, ended);
  }

  protected async leave(): Promise<void> {
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
    // The answer to a request does not come any more.
    this.connection.dispose();
    await asked;
  }

  async #askToEnd(): Promise<void> {
    try {
      await Promise.race([this.connection.sendRequest('shutdown'), this.#exited]);
      await this.connection.sendNotification('exit');
    } catch {
      // The process is gone or exiting and takes no requests.
      this.#child.kill('SIGKILL');
    }
  }
}

function forEachLine(stream: Readable, handle: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', handle);
}
