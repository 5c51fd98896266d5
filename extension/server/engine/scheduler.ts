import { cancelledError } from './errors.ts';

/**
 * Whom a job leaves room for. `shared` jobs work on the loaded model beside each other; who of them is served first is
 * the native engine's business. An `alone` job changes what is loaded, and nothing else runs meanwhile. A `background`
 * job runs alone as well, after all others.
 */
export type JobKind = 'alone' | 'shared' | 'background';

/** The earlier goes first; equal ones go in the order they came. */
const order: readonly JobKind[] = ['alone', 'shared', 'background'];

/** Makes an `alone` job a shared one: others may begin. */
export type ShareRest = () => void;

/** Says when jobs begin. A queued job leaves the queue when its signal aborts; a running one must watch it itself. */
export class Scheduler {
  #waiting: Waiting[] = [];
  #sharing = 0;
  #isTaken = false;

  /** Settles as the job does, or rejects with `cancelled` when the signal aborts before the job began. */
  run<T>(kind: JobKind, signal: AbortSignal, job: (shareRest: ShareRest) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal.aborted) return reject(cancelledError());
      const waiting: Waiting = {
        kind,
        start: async () => {
          signal.removeEventListener('abort', leave);
          await this.#run(kind, job).then(resolve, reject);
        },
      };
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(cancelledError());
        this.#startNext();
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#enqueue(waiting);
    });
  }

  get idle(): boolean {
    return !this.#isTaken && this.#sharing === 0 && this.#waiting.length === 0;
  }

  #enqueue(job: Waiting): void {
    const behind = this.#waiting.findIndex((other) => order.indexOf(other.kind) > order.indexOf(job.kind));
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, job);
    this.#startNext();
  }

  /** Nobody overtakes: who waits for the model alone would otherwise wait for ever. */
  #startNext(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#mayStart(next); next = this.#waiting[0]) {
      this.#waiting.shift();
      if (next.kind === 'shared') this.#sharing++;
      else this.#isTaken = true;
      void next.start();
    }
  }

  #mayStart({ kind }: Waiting): boolean {
    if (this.#isTaken) return false;
    return kind === 'shared' || this.#sharing === 0;
  }

  async #run<T>(kind: JobKind, job: (shareRest: ShareRest) => Promise<T>): Promise<T> {
    let isShared = kind === 'shared';
    const shareRest = (): void => {
      if (isShared) return;
      isShared = true;
      this.#isTaken = false;
      this.#sharing++;
      this.#startNext();
    };
    try {
      return await job(shareRest);
    } finally {
      if (isShared) this.#sharing--;
      else this.#isTaken = false;
      this.#startNext();
    }
  }
}

interface Waiting {
  readonly kind: JobKind;
  readonly start: () => Promise<void>;
}
