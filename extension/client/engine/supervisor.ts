/**
 * Owns this window's connection to the engine's process: connects when something is first asked of it, connects again
 * with a growing delay when the process dies, and fails every pending request with one typed error. Connecting starts
 * the process if there is none; whether other windows share it does not matter here.
 *
 * A state machine. `#phase` says what exists; each phase holds exactly what belongs to it, so a connection cannot
 * outlive the phase that knows it. A new one is made in one place, `#start`, and only when the one before is gone:
 *
 *   down -> starting -> up -> ending -> down | starting | waiting
 *
 * It knows neither processes nor the editor: `connect` does.
 */
import {
  Emitter,
  type CancellationToken,
  type Event,
  type ProgressType,
  type RequestType,
  type RequestType0,
} from 'vscode-jsonrpc/node';
import type { ErrorData } from '../../protocol/model.ts';
import type { EngineState, RoleState } from '../../protocol/server.ts';
import type { EngineView } from '../../protocol/webview.ts';
import { EngineError } from '../lib/engine-error.ts';
import type { Disposable } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';
import type { ConnectEngine, EngineConnection } from './engine-connection.ts';
import {
  closeConnection,
  createUpPhase,
  endOf,
  type Extent,
  type Phase,
  type UpPhase,
  type Waiter,
} from './engine-phase.ts';
import { RestartDelays } from './restart-delays.ts';

export interface RequestOptions<T> {
  readonly token?: CancellationToken | undefined;
  /** The stream of the request; its token is added to the params as `partialResultToken`. */
  readonly progress?: { readonly type: ProgressType<T>; readonly onPart: (part: T) => void };
}

export interface SupervisorOptions {
  readonly connect: ConnectEngine;
  readonly log: Log;
  /** Texts that the user sees, translated. */
  readonly texts: {
    /** The process died. */
    readonly stopped: string;
    /** The process was stopped or restarted on purpose. */
    readonly interrupted: string;
    readonly unavailable: string;
    readonly cancelled: string;
  };
  readonly now?: () => number;
}

export class EngineSupervisor implements Disposable {
  readonly #options: SupervisorOptions;
  readonly #stateChanged = new Emitter<EngineView>();
  readonly #completionChanged = new Emitter<EngineState>();
  readonly onDidChangeCompletion: Event<EngineState> = this.#completionChanged.event;
  readonly #workChanged = new Emitter<void>();
  /** Fires when `isBusyWith` changes. */
  readonly onDidChangeWork: Event<void> = this.#workChanged.event;
  readonly #connected = new Emitter<{ readonly again: boolean }>();
  readonly onDidChangeState: Event<EngineView> = this.#stateChanged.event;
  /**
   * Fires when a new process has connected, before any request is sent. `again`: a process ran before it in this
   * window.
   */
  readonly onDidConnect: Event<{ readonly again: boolean }> = this.#connected.event;

  #phase: Phase = { kind: 'down' };
  #state: EngineView = { kind: 'idle' };
  #completion: EngineState = { kind: 'noModel' };
  /** Settles when the current start or stop has finished. */
  #transition: Promise<void> = Promise.resolve();
  readonly #waiters = new Set<Waiter>();
  readonly #delays: RestartDelays;
  /** Requests that were sent and not answered, by method. */
  readonly #pending = new Map<string, number>();
  #everConnected = false;
  #disposed = false;
  #nextToken = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#delays = new RestartDelays(options.now ?? Date.now);
  }

  /** What the model that answers is doing. */
  get state(): EngineView {
    return this.#state;
  }

  /** What the model that only completes is doing. */
  get completion(): EngineState {
    return this.#completion;
  }

  /** Undefined while no process answers. */
  get pid(): number | undefined {
    return this.#phase.kind === 'up' ? this.#phase.connection.pid : undefined;
  }

  /** Whether a request of this type is running or queued. */
  isBusyWith({ method }: { readonly method: string }): boolean {
    return this.#pending.has(method);
  }

  /** Whether the engine answers another window. */
  get isBusyElsewhere(): boolean {
    return this.#state.kind === 'answering' && this.#state.elsewhere === true;
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

  /**
   * Leaves the process if there is one; it ends when nobody else uses it. The next request connects again. Settles when
   * the connection is gone.
   */
  async stop(): Promise<void> {
    this.#rejectWaiters(this.#interrupted());
    this.#end('down', 'connection');
    if (this.#phase.kind === 'down') this.#setState({ kind: 'idle' });
    await this.#transition;
  }

  /**
   * Replaces the process by a new one, for all windows that share it, also after automatic restarts have ended. Settles
   * when the new one is connected.
   */
  async restart(): Promise<void> {
    await this.#again('process');
  }

  /** Start settings have changed. They are told with a new connection; requests that wait for one get it. */
  async renew(): Promise<void> {
    if (this.#phase.kind !== 'starting' && this.#phase.kind !== 'up') return;
    await this.#again('connection');
  }

  async #again(extent: Extent): Promise<void> {
    this.#delays.reset();
    this.#end('start', extent);
    await this.#whenUp(undefined);
  }

  dispose(): void {
    this.#disposed = true;
    void this.stop();
    this.#stateChanged.dispose();
    this.#completionChanged.dispose();
    this.#workChanged.dispose();
    this.#connected.dispose();
  }

  async #send<T>(method: string, params: object | undefined, options: RequestOptions<T>): Promise<unknown> {
    const { token, progress } = options;
    const up = await this.#whenUp(token);
    let listener: Disposable | undefined;
    this.#count(method, 1);
    try {
      // The process may have ended since it was returned.
      if (this.#phase !== up) return await up.gone;
      let sent = params;
      if (progress !== undefined) {
        const partialResultToken = `paddock-${this.#nextToken++}`;
        listener = up.connection.onProgress(progress.type, partialResultToken, progress.onPart);
        sent = { ...params, partialResultToken };
      }
      return await Promise.race([up.gone, up.connection.send(method, sent, token)]);
    } catch (error) {
      const failure = EngineError.from(error);
      // The connection may notice the exit before it is reported. Both give the same error.
      if (failure.code !== 'engineStopped' || failure.interrupted) throw failure;
      throw this.#phase === up ? new EngineError('engineStopped', this.#options.texts.stopped, error) : await endOf(up);
    } finally {
      listener?.dispose();
      this.#count(method, -1);
    }
  }

  /**
   * The running process; starts one if needed. Rejects when the start fails, the engine is stopped, or the token
   * cancels.
   */
  #whenUp(token: CancellationToken | undefined): Promise<UpPhase> {
    const { texts } = this.#options;
    if (this.#disposed) return Promise.reject(this.#interrupted());
    if (token?.isCancellationRequested === true) return Promise.reject(new EngineError('cancelled', texts.cancelled));
    if (this.#phase.kind === 'up') return Promise.resolve(this.#phase);
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#waiters.delete(waiter);
        subscription?.dispose();
      };
      const waiter: Waiter = {
        resolve: (up) => (settle(), resolve(up)),
        reject: (error) => (settle(), reject(error)),
      };
      this.#waiters.add(waiter);
      const subscription = token?.onCancellationRequested(() =>
        waiter.reject(new EngineError('cancelled', texts.cancelled)),
      );
      this.#wake();
    });
  }

  /** A request needs a process. Besides the timer, the only way from a phase without a process to a new one. */
  #wake(): void {
    switch (this.#phase.kind) {
      case 'down':
        return this.#start();
      case 'waiting':
        clearTimeout(this.#phase.timer);
        return this.#start();
      case 'ending':
        this.#phase = { kind: 'ending', next: 'start' };
        return this.#setState({ kind: 'starting' });
      case 'starting':
      case 'up':
        return;
    }
  }

  #start(): void {
    const abort = new AbortController();
    const phase: Phase = { kind: 'starting', abort };
    this.#phase = phase;
    this.#setState({ kind: 'starting' });
    this.#transition = this.#connect(abort.signal).then(
      (connection) => {
        if (this.#phase === phase) return this.#enterUp(connection);
        // No longer needed: `#end` has already set the next phase.
        return closeConnection(connection, 'connection', this.#options.log).then(() => this.#ended());
      },
      (error: unknown) => (this.#phase === phase ? this.#startFailed(error) : this.#ended()),
    );
  }

  async #connect(signal: AbortSignal): Promise<EngineConnection> {
    return this.#options.connect(signal);
  }

  #startFailed(error: unknown): void {
    const { log, texts } = this.#options;
    log.error(error instanceof Error ? error : String(error));
    this.#phase = { kind: 'down' };
    const data = { code: 'engineUnavailable', cause: String(error) } as const;
    this.#setState({ kind: 'failed', message: texts.unavailable, data });
    this.#rejectWaiters(new EngineError('engineUnavailable', texts.unavailable, error));
  }

  #enterUp(connection: EngineConnection): void {
    const up = createUpPhase(connection);
    const { subscriptions } = up;
    this.#phase = up;
    this.#options.log.info(`The engine runs as process ${connection.pid ?? '?'}.`);
    subscriptions.add(connection.onState((state) => this.#phase === up && this.#onState(state)));
    subscriptions.add(connection.onLost((reason, onPurpose) => this.#onLost(up, reason, onPurpose)));
    if (this.#phase !== up) return;
    // The process announces its state itself. Until then it counts as running without a model.
    if (this.#state.kind === 'starting') this.#setState({ kind: 'noModel' });
    const again = this.#everConnected;
    this.#everConnected = true;
    this.#connected.fire({ again });
    // A listener may have ended it already.
    if (this.#phase === up) for (const waiter of this.#waiters) waiter.resolve(up);
  }

  #onLost(up: UpPhase, reason: string, onPurpose: boolean): void {
    if (this.#phase !== up) return;
    const { log, texts } = this.#options;
    if (onPurpose) {
      log.info('Another window restarts the engine.');
      this.#leaveUp(up, 'start', this.#interrupted(), 'connection');
      return this.#setState({ kind: 'starting' });
    }
    log.error(`The engine stopped: ${reason}`);
    this.#delays.died();
    this.#leaveUp(up, 'wait', new EngineError('engineStopped', texts.stopped, reason), 'connection');
  }

  /** Ends the current phase. A later call overrides the `next` of an earlier one. */
  #end(next: 'down' | 'start', extent: Extent): void {
    const phase = this.#phase;
    switch (phase.kind) {
      case 'down':
        return;
      case 'waiting':
        clearTimeout(phase.timer);
        this.#phase = { kind: 'down' };
        return;
      case 'starting':
        this.#phase = { kind: 'ending', next };
        phase.abort.abort();
        break;
      case 'ending':
        this.#phase = { kind: 'ending', next };
        break;
      case 'up':
        this.#leaveUp(phase, next, this.#interrupted(), extent);
        break;
    }
    this.#setState({ kind: next === 'start' ? 'starting' : 'idle' });
  }

  /** The only way out of `up`: pending requests fail, and the connection is closed. */
  #leaveUp(up: UpPhase, next: 'down' | 'start' | 'wait', error: EngineError, extent: Extent): void {
    this.#phase = { kind: 'ending', next };
    up.subscriptions.dispose();
    up.reject(error);
    this.#setCompletion({ kind: 'noModel' });
    if (next === 'wait') this.#announceDeath(error);
    this.#transition = closeConnection(up.connection, extent, this.#options.log).then(() => this.#ended());
  }

  #announceDeath({ message, cause }: EngineError): void {
    const delayMs = this.#delays.next;
    const data = { code: 'engineStopped', cause: String(cause) } as const;
    this.#setState(
      delayMs === undefined ? { kind: 'failed', message, data } : { kind: 'restarting', message, delayMs },
    );
  }

  /** The process is gone. */
  #ended(): void {
    if (this.#phase.kind !== 'ending') return;
    const { next } = this.#phase;
    this.#phase = { kind: 'down' };
    if (this.#disposed) return;
    const delayMs = next === 'wait' ? this.#delays.next : undefined;
    if (next === 'start' || this.#waiters.size > 0) this.#start();
    else if (delayMs !== undefined) this.#phase = { kind: 'waiting', timer: setTimeout(() => this.#wake(), delayMs) };
  }

  #interrupted(): EngineError {
    return EngineError.interrupted(this.#options.texts.interrupted);
  }

  #rejectWaiters(error: EngineError): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  #count(method: string, change: 1 | -1): void {
    const before = this.#pending.get(method) ?? 0;
    if (before + change === 0) this.#pending.delete(method);
    else this.#pending.set(method, before + change);
    if (!this.#disposed && (before === 0 || before + change === 0)) this.#workChanged.fire();
  }

  #onState({ role, state }: RoleState): void {
    if (role === 'chat') this.#setState(state);
    else this.#setCompletion(state);
  }

  #setCompletion(state: EngineState): void {
    this.#completion = state;
    if (!this.#disposed) this.#completionChanged.fire(state);
  }

  #setState(state: EngineView): void {
    this.#state = state;
    if (!this.#disposed) this.#stateChanged.fire(state);
  }
}
