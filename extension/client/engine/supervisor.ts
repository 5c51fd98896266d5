/**
 * Keeps the engine's process: starts it when something is first asked of it, starts it again with a growing delay
 * when it dies, and fails every pending call with one typed error. It knows no process and no editor: `connect` does.
 */
import {
  Emitter,
  type CancellationToken,
  type Event,
  type NotificationType,
  type ProgressType,
  type RequestType,
  type RequestType0,
} from 'vscode-jsonrpc/node';
import type { ErrorData } from '../../protocol/model.ts';
import type { EngineView } from '../../protocol/webview.ts';
import { EngineError } from '../lib/engine-error.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';
import type { ConnectEngine, EngineConnection } from './engine-connection.ts';

export interface RequestOptions<T> {
  readonly token?: CancellationToken | undefined;
  /** The stream of the request; its token is added to the params as `partialResultToken`. */
  readonly progress?: { readonly type: ProgressType<T>; readonly onPart: (part: T) => void };
}

export interface SupervisorOptions {
  readonly connect: ConnectEngine;
  readonly log: Log;
  /** Texts that the user sees, translated. */
  readonly texts: { readonly stopped: string; readonly unavailable: string };
  readonly now?: () => number;
}

const firstDelayMs = 500;
const longestDelayMs = 30_000;
/** After this many deaths within the window it stays down until somebody asks for something. */
const deathLimit = 5;
const deathWindowMs = 180_000;

export class EngineSupervisor implements Disposable {
  readonly #options: SupervisorOptions;
  readonly #stateChanged = new Emitter<EngineView>();
  readonly #connected = new Emitter<{ readonly again: boolean }>();
  readonly onDidChangeState: Event<EngineView> = this.#stateChanged.event;
  /** Fires when a new process answers; `again` when one ran before it in this window. */
  readonly onDidConnect: Event<{ readonly again: boolean }> = this.#connected.event;

  #state: EngineView = { kind: 'idle' };
  #connection: Promise<EngineConnection> | undefined;
  #live: LiveConnection | undefined;
  #closing: Promise<void> = Promise.resolve();
  #deaths: number[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #everConnected = false;
  #disposed = false;
  #nextToken = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get state(): EngineView {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#live?.connection.pid;
  }

  /** Sends a request, starting the engine if it does not run. Rejects with `EngineError` only. */
  async request<P extends object, R, T = never>(
    type: RequestType<P, R, ErrorData>,
    params: P,
    options: RequestOptions<T> = {},
  ): Promise<R> {
    return (await this.#send(type.method, params, options)) as R;
  }

  /** The same for a request without params. */
  async ask<R>(type: RequestType0<R, ErrorData>): Promise<R> {
    return (await this.#send(type.method, undefined, {})) as R;
  }

  /** Tells a process that runs, and starts none. */
  notify<P extends object>(type: NotificationType<P>, params: P): void {
    this.#live?.connection.notify(type.method, params).catch((error: unknown) => this.#options.log.warn(String(error)));
  }

  /** Ends the process if it runs; the next request starts a new one. */
  async stop(): Promise<void> {
    this.#cancelTimer();
    const live = this.#live;
    this.#connection = undefined;
    this.#live = undefined;
    if (live !== undefined) {
      live.lost.reject(new EngineError('engineStopped', this.#options.texts.stopped));
      live.store.dispose();
      this.#closing = live.connection.close().catch((error: unknown) => this.#options.log.warn(String(error)));
    }
    this.#setState({ kind: 'idle' });
    await this.#closing;
  }

  /** The user asked for a fresh process: also after it was given up. */
  async restart(): Promise<void> {
    this.#deaths = [];
    await this.stop();
    await this.#ensure();
  }

  dispose(): void {
    this.#disposed = true;
    void this.stop();
    this.#stateChanged.dispose();
    this.#connected.dispose();
  }

  async #send<T>(method: string, params: object | undefined, options: RequestOptions<T>): Promise<unknown> {
    const { token, progress } = options;
    let listener: Disposable | undefined;
    try {
      const connection = await this.#ensure();
      const lost = this.#live?.lost;
      if (lost === undefined) throw new EngineError('engineStopped', this.#options.texts.stopped);
      let sent = params;
      if (progress !== undefined) {
        const partialResultToken = `paddock-${this.#nextToken++}`;
        listener = connection.onProgress(progress.type, partialResultToken, progress.onPart);
        sent = { ...params, partialResultToken };
      }
      return await Promise.race([connection.send(method, sent, token), lost.promise]);
    } catch (error) {
      const failure = EngineError.from(error);
      // The connection may notice the death before the process is reported; both ways it is one error.
      if (failure.code === 'engineStopped') throw new EngineError('engineStopped', this.#options.texts.stopped, error);
      throw failure;
    } finally {
      listener?.dispose();
    }
  }

  #ensure(): Promise<EngineConnection> {
    if (this.#disposed) return Promise.reject(new EngineError('engineStopped', this.#options.texts.stopped));
    return (this.#connection ??= this.#connect());
  }

  async #connect(): Promise<EngineConnection> {
    this.#cancelTimer();
    this.#setState({ kind: 'starting' });
    let connection: EngineConnection;
    try {
      await this.#closing;
      connection = await this.#options.connect(new AbortController().signal);
    } catch (error) {
      this.#connection = undefined;
      this.#options.log.error(error instanceof Error ? error : String(error));
      const message = this.#options.texts.unavailable;
      const failure = new EngineError('engineUnavailable', message, error);
      this.#setState({ kind: 'failed', message, data: { code: 'engineUnavailable', cause: String(error) } });
      throw failure;
    }
    if (this.#disposed) {
      await connection.close();
      throw new EngineError('engineStopped', this.#options.texts.stopped);
    }
    const store = new DisposableStore();
    const live = { connection, lost: promiseWithReject(), store };
    this.#live = live;
    store.add(connection.onState((state) => this.#setState(state)));
    store.add(connection.onLost((reason) => this.#onLost(live, reason)));
    this.#options.log.info(`The engine runs as process ${connection.pid ?? '?'}.`);
    // The process announces its state itself; until then it is up and has no model.
    if (this.#state.kind === 'starting') this.#setState({ kind: 'noModel' });
    const again = this.#everConnected;
    this.#everConnected = true;
    this.#connected.fire({ again });
    return connection;
  }

  #onLost(live: LiveConnection, reason: string): void {
    if (this.#live !== live) return;
    this.#live = undefined;
    this.#connection = undefined;
    live.store.dispose();
    this.#options.log.error(`The engine stopped: ${reason}`);
    const { stopped } = this.#options.texts;
    live.lost.reject(new EngineError('engineStopped', stopped, reason));
    const now = (this.#options.now ?? Date.now)();
    this.#deaths = [...this.#deaths.filter((time) => now - time < deathWindowMs), now];
    if (this.#deaths.length >= deathLimit) {
      this.#setState({ kind: 'failed', message: stopped, data: { code: 'engineStopped', cause: reason } });
      return;
    }
    const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** (this.#deaths.length - 1));
    this.#setState({ kind: 'restarting', message: stopped, delayMs: delay });
    this.#timer = setTimeout(() => {
      this.#ensure().catch(() => undefined);
    }, delay);
  }

  #cancelTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #setState(state: EngineView): void {
    this.#state = state;
    if (!this.#disposed) this.#stateChanged.fire(state);
  }
}

interface LiveConnection {
  readonly connection: EngineConnection;
  /** Rejects when the process dies: every pending call races against it. */
  readonly lost: PromiseWithReject;
  readonly store: DisposableStore;
}

interface PromiseWithReject {
  readonly promise: Promise<never>;
  reject(error: Error): void;
}

function promiseWithReject(): PromiseWithReject {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<never>((_resolve, rejectPromise) => {
    reject = rejectPromise;
  });
  // Nobody may be waiting when the process dies.
  promise.catch(() => undefined);
  return { promise, reject };
}
