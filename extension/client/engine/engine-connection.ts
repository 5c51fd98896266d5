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
  /** Called once if the process exits unexpectedly, and immediately if it already has. */
  onLost(handler: (reason: string) => void): Disposable;
  /** Ends the process and frees everything that belongs to it. Settles when the process is gone. Safe to repeat. */
  close(): Promise<void>;
}

/**
 * Starts a process. After `signal` aborts, the promise settles when the process is gone, or with a connection that the
 * caller must close.
 */
export type ConnectEngine = (signal: AbortSignal) => Promise<EngineConnection>;
