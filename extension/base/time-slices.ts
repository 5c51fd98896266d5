import { setImmediate } from 'node:timers/promises';

const sliceMs = 8;

/** Cuts long work into short slices, because others wait for the message loop. */
export class TimeSlices {
  readonly #signal: AbortSignal | undefined;
  #start = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Lets other work run when the slice has lasted long enough, and then throws when the signal is aborted. Call it
   * after
   * each small piece of work.
   */
  pause(): Promise<void> | undefined {
    return performance.now() - this.#start < sliceMs ? undefined : this.#letOthersRun();
  }

  async #letOthersRun(): Promise<void> {
    await setImmediate();
    this.#signal?.throwIfAborted();
    this.#start = performance.now();
  }
}
