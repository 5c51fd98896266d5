/** Estimates the remaining time from the time per unit of work so far. */
export class RemainingTime {
  readonly #total: number;
  readonly #now: () => number;
  #done = 0;
  #seconds = 0;
  #since: number | undefined;

  /** `total` in any unit of work. */
  constructor(total: number, now: () => number = () => performance.now()) {
    this.#total = total;
    this.#now = now;
  }

  start(): void {
    this.#since ??= this.#now();
  }

  /** Stops the clock until the next start(), e.g. while a model is loaded. */
  pause(): void {
    this.#seconds = this.#elapsed();
    this.#since = undefined;
  }

  add(work: number): void {
    this.#done += work;
  }

  /** Undefined until there is enough data. */
  seconds(): number | undefined {
    const elapsed = this.#elapsed();
    return elapsed < leastSeconds || this.#done <= 0
      ? undefined
      : (elapsed * Math.max(0, this.#total - this.#done)) / this.#done;
  }

  #elapsed(): number {
    return this.#seconds + (this.#since === undefined ? 0 : (this.#now() - this.#since) / 1000);
  }
}

const leastSeconds = 2;
