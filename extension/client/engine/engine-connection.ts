/** What the supervisor needs of a running engine. `engine-process.ts` makes the real one, tests make their own. */
import type { CancellationToken, ProgressType } from 'vscode-jsonrpc/node';
import type { EngineState } from '../../protocol/server.ts';
import type { Disposable } from '../lib/lifetime.ts';

/** A live connection to one engine process. */
export interface EngineConnection {
  readonly pid: number | undefined;
  send(method: string, params: object | undefined, token: CancellationToken | undefined): Promise<unknown>;
  notify(method: string, params: object): Promise<void>;
  onProgress<T>(type: ProgressType<T>, token: string, handler: (part: T) => void): Disposable;
  onState(handler: (state: EngineState) => void): Disposable;
  /** Called once if the process ends unexpectedly, at once if it has ended already. */
  onLost(handler: (reason: string) => void): Disposable;
  /** Ends the process and frees everything that belongs to it. Settles when the process is gone. Safe to repeat. */
  close(): Promise<void>;
}

/**
 * Starts a process. Once `signal` is aborted, the process is of no use: the promise then settles as soon as the process
 * is gone, or with a connection that the caller has to close.
 */
export type ConnectEngine = (signal: AbortSignal) => Promise<EngineConnection>;
