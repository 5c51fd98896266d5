/** A connection for tests: no process, and the test decides what it answers and when it dies. */
import type { CancellationToken, ProgressType } from 'vscode-jsonrpc/node';
import type { EngineState, RoleState } from '../../protocol/server.ts';
import { toDisposable, type Disposable } from '../lib/lifetime.ts';
import type { EngineConnection } from './engine-connection.ts';

export class FakeConnection implements EngineConnection {
  readonly pid = 42;
  readonly sent: { readonly method: string; readonly params: Record<string, unknown> }[] = [];
  closed = false;
  /** The process was ended, not only left. */
  ended = false;
  answer: (method: string, params: object | undefined, token: CancellationToken | undefined) => Promise<unknown> = () =>
    Promise.resolve('answer');
  readonly #states = new Set<(state: RoleState) => void>();
  readonly #lost = new Set<(reason: string, onPurpose: boolean) => void>();
  #death: { readonly reason: string; readonly onPurpose: boolean } | undefined;
  readonly #parts = new Map<string, (part: unknown) => void>();

  /** How many listeners are registered. */
  get listeners(): number {
    return this.#states.size + this.#lost.size + this.#parts.size;
  }

  emitState(state: EngineState, role: RoleState['role'] = 'chat'): void {
    for (const handler of this.#states) handler({ role, state });
  }

  die(reason: string, onPurpose = false): void {
    this.#death = { reason, onPurpose };
    for (const handler of this.#lost) handler(reason, onPurpose);
  }

  /** Sends a part to the newest stream. */
  emitPart(part: unknown): void {
    [...this.#parts.values()].at(-1)?.(part);
  }

  get streams(): string[] {
    return [...this.#parts.keys()];
  }

  send(method: string, params: object | undefined, token: CancellationToken | undefined): Promise<unknown> {
    this.sent.push({ method, params: { ...params } });
    return this.answer(method, params, token);
  }

  onProgress<T>(_type: ProgressType<T>, token: string, handler: (part: T) => void): Disposable {
    this.#parts.set(token, handler as (part: unknown) => void);
    return toDisposable(() => this.#parts.delete(token));
  }

  onState(handler: (state: RoleState) => void): Disposable {
    this.#states.add(handler);
    return toDisposable(() => this.#states.delete(handler));
  }

  onLost(handler: (reason: string, onPurpose: boolean) => void): Disposable {
    this.#lost.add(handler);
    if (this.#death !== undefined) handler(this.#death.reason, this.#death.onPurpose);
    return toDisposable(() => this.#lost.delete(handler));
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  end(): Promise<void> {
    this.ended = true;
    return this.close();
  }
}
