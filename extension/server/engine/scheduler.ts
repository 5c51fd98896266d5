import { cancelledError } from './errors.ts';

/** Higher runs first; equal ones run in the order they came. */
export const priorities = { background: 0, chat: 1, interactive: 2 } as const;
export type Priority = (typeof priorities)[keyof typeof priorities];

/**
 * Runs one job at a time: the engine has one KV cache and uses all cores. A queued job leaves the queue when its signal
 * aborts; a running job must watch the signal itself.
 */
export class Scheduler {
  #waiting: Waiting[] = [];
  #running = false;
  #held = false;

  /** Settles as the job does, or rejects with `cancelled` when the signal aborts before the job began. */
  run<T>(priority: Priority, signal: AbortSignal, job: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal.aborted) {
        reject(cancelledError());
        return;
      }
      const waiting: Waiting = {
        priority,
        start: async () => {
          signal.removeEventListener('abort', leave);
          try {
            resolve(await job());
          } catch (error) {
            reject(error);
          }
        },
      };
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(cancelledError());
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#enqueue(waiting);
    });
  }

  /** While held, no background job starts. Other jobs do. */
  hold(held: boolean): void {
    this.#held = held;
    void this.#drain();
  }

  get idle(): boolean {
    return !this.#running && this.#waiting.length === 0;
  }

  #enqueue(job: Waiting): void {
    const behind = this.#waiting.findIndex((other) => other.priority < job.priority);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, job);
    void this.#drain();
  }

  #next(): Waiting | undefined {
    const first = this.#waiting[0];
    return this.#held && first?.priority === priorities.background ? undefined : this.#waiting.shift();
  }

  async #drain(): Promise<void> {
    if (this.#running) {
      return;
    }
    this.#running = true;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        await next.start();
      }
    } finally {
      this.#running = false;
    }
  }
}

interface Waiting {
  readonly priority: Priority;
  readonly start: () => Promise<void>;
}
