/** The phases of a connection to an engine process. Each phase holds only its own resources. */
import type { EngineError } from '../lib/engine-error.ts';
import { DisposableStore } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';
import type { EngineConnection } from './engine-connection.ts';

export type Phase =
  | { readonly kind: 'down' }
  /** A process is being looked for or started. `abort` kills one that was started. */
  | { readonly kind: 'starting'; readonly abort: AbortController }
  | UpPhase
  /** The connection is closing. `next`: no process, a new one, or a new one after a delay. */
  | { readonly kind: 'ending'; readonly next: 'down' | 'start' | 'wait' }
  /** The process died. The timer starts a new one. */
  | { readonly kind: 'waiting'; readonly timer: ReturnType<typeof setTimeout> };

export interface UpPhase {
  readonly kind: 'up';
  readonly connection: EngineConnection;
  readonly subscriptions: DisposableStore;
  /** Rejects when the process is gone. Every pending request races against it. */
  readonly gone: Promise<never>;
  readonly reject: (error: EngineError) => void;
}

/** A request that waits for a process. */
export interface Waiter {
  resolve(up: UpPhase): void;
  reject(error: EngineError): void;
}

export function createUpPhase(connection: EngineConnection): UpPhase {
  let reject: (error: EngineError) => void = () => undefined;
  const gone = new Promise<never>((_resolve, rejectPromise) => {
    reject = rejectPromise;
  });
  // Marks the rejection as handled: there may be no pending request.
  gone.catch(() => undefined);
  return { kind: 'up', connection, subscriptions: new DisposableStore(), gone, reject };
}

/** The error with which a phase ended. */
export function endOf({ gone }: UpPhase): Promise<unknown> {
  return gone.catch((error: unknown) => error);
}

/** How much of it ends: this window's part in it, or the whole process. */
export type Extent = 'connection' | 'process';

export async function closeConnection(connection: EngineConnection, extent: Extent, log: Log): Promise<void> {
  try {
    await (extent === 'process' ? connection.end() : connection.close());
  } catch (error) {
    log.warn(String(error));
  }
}
