/**
 * The delay before a dead process is restarted. It grows with each death; after too many there is no automatic restart.
 */

const firstDelayMs = 500;
const longestDelayMs = 30_000;
/** After this many deaths within the window, only a request or the user starts it again. */
const deathLimit = 5;
const deathWindowMs = 180_000;

export class RestartDelays {
  readonly #now: () => number;
  #deaths: number[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  died(): void {
    const now = this.#now();
    this.#deaths = [...this.#deaths.filter((time) => now - time < deathWindowMs), now];
  }

  reset(): void {
    this.#deaths = [];
  }

  /** Milliseconds; undefined after too many deaths. */
  get next(): number | undefined {
    const count = this.#deaths.length;
    return count >= deathLimit ? undefined : Math.min(longestDelayMs, firstDelayMs * 2 ** Math.max(0, count - 1));
  }
}
