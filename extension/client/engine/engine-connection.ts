/**
 * What the supervisor needs of a running engine. `connect-engine.ts` makes the real one, tests make their own.
 */
import type { CancellationToken, ProgressType } from 'vscode-jsonrpc/node';
import type { RoleState } from '../../protocol/server.ts';
import type { Disposable } from '../lib/lifetime.ts';

/** A live connection to one engine process. */
export interface EngineConnection {
  readonly pid: number | undefined;
  send(method: string, params: object | undefined, token: CancellationToken | undefined): Promise<unknown>;
  onProgress<T>(type: ProgressType<T>, token: string, handler: (part: T) => void): Disposable;
  /** Is called at once for what is known already. */
  onState(handler: (state: RoleState) => void): Disposable;
  /**
   * Called once if the connection ends unexpectedly, and immediately if it already has. `onPurpose`: another window
   * ends the process.
   */
  onLost(handler: (reason: string, onPurpose: boolean) => void): Disposable;
  /**
   * Leaves the process, which ends if it is this window's own. Settles when everything that belongs to the connection
   * is gone. Safe to repeat.
   */
  close(): Promise<void>;
  /** As `close`, and ends the process also for other windows. Settles when it is gone. */
  end(): Promise<void>;
}

/**
 * Connects to a process and starts it if needed. After `signal` aborts, the promise settles when a process that it has
 * started is gone, or with a connection that the caller must close.
 */
export type ConnectEngine = (signal: AbortSignal) => Promise<EngineConnection>;
