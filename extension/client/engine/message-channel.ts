/**
 * The messages of a connection to an engine process, whatever carries them. The server speaks the start of the Language
 * Server Protocol (`initialize`) and our own messages after it.
 */
import {
  CancellationToken,
  createMessageConnection,
  Emitter,
  type MessageConnection,
  type MessageReader,
  type MessageWriter,
} from 'vscode-jsonrpc/node';
import { EngineEnds, EngineStateChanged, type RoleState, type ServerOptions } from '../../protocol/server.ts';
import { EngineError } from '../lib/engine-error.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';
import type { EngineConnection } from './engine-connection.ts';

interface Loss {
  readonly reason: string;
  readonly onPurpose: boolean;
}

export abstract class MessageChannel implements EngineConnection {
  protected readonly connection: MessageConnection;
  readonly #store = new DisposableStore();
  readonly #states = this.#store.add(new Emitter<RoleState>());
  readonly #losses = this.#store.add(new Emitter<Loss>());
  /** The latest of each role. */
  readonly #known = new Map<RoleState['role'], RoleState>();
  /** Why the connection ended unexpectedly. */
  #loss: Loss | undefined;
  #closing: Promise<void> | undefined;

  protected constructor(reader: MessageReader, writer: MessageWriter, log: Log, endedText: string) {
    this.connection = this.#store.add(
      createMessageConnection(reader, writer, {
        error: (message) => log.error(message),
        warn: (message) => log.warn(message),
        info: (message) => log.info(message),
        log: (message) => log.debug(message),
      }),
    );
    this.connection.onNotification(EngineStateChanged, (state) => {
      this.#known.set(state.role, state);
      this.#states.fire(state);
    });
    // By itself the library leaves what is pending at the end of the stream for ever.
    this.connection.onClose(() => this.connection.dispose());
    this.connection.onNotification(EngineEnds, () => this.lose(endedText, true));
    this.connection.listen();
  }

  abstract get pid(): number | undefined;
  /** Ends what carries the messages, and with `process` the process in any case. Is called once. */
  protected abstract leave(process: boolean): Promise<void>;

  protected async initialize(options: ServerOptions, ended: Promise<never>): Promise<void> {
    // No `processId`: the server sees the end of the connection and need not look for the process.
    const params = { processId: null, rootUri: null, capabilities: {}, initializationOptions: options };
    const asked = this.connection.sendRequest('initialize', params).catch((error: unknown) => {
      // The end of the process has better words.
      if (EngineError.is(EngineError.from(error), 'engineStopped')) return ended;
      throw error;
    });
    await Promise.race([asked, ended]);
    await this.connection.sendNotification('initialized', {});
  }

  send(method: string, params: object | undefined, token = CancellationToken.None): Promise<unknown> {
    // jsonrpc would send an `undefined` token as another parameter.
    return params === undefined
      ? this.connection.sendRequest(method, token)
      : this.connection.sendRequest(method, params, token);
  }

  onProgress: EngineConnection['onProgress'] = (type, token, handler) =>
    this.connection.onProgress(type, token, handler);

  onState(handler: (state: RoleState) => void): Disposable {
    for (const state of this.#known.values()) handler(state);
    return this.#states.event(handler);
  }

  onLost(handler: (reason: string, onPurpose: boolean) => void): Disposable {
    const tell = ({ reason, onPurpose }: Loss): void => handler(reason, onPurpose);
    if (this.#loss !== undefined) tell(this.#loss);
    return this.#losses.event(tell);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close(false));
  }

  end(): Promise<void> {
    return (this.#closing ??= this.#close(true));
  }

  protected get lossReason(): string | undefined {
    return this.#loss?.reason;
  }

  protected lose(reason: string, onPurpose = false): void {
    if (this.#loss !== undefined || this.#closing !== undefined) return;
    this.#loss = { reason, onPurpose };
    this.#losses.fire(this.#loss);
  }

  async #close(process: boolean): Promise<void> {
    try {
      await this.leave(process);
    } finally {
      this.#store.dispose();
    }
  }
}
