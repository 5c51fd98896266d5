import { setImmediate } from 'node:timers/promises';

const longestSliceMs = 8;

/** Cuts long work into slices, so that it never holds the message loop for long. */
export class TimeSlices {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** To be called often. Lets other work run when the slice is used up, and throws when the signal is aborted. */
  rest(): Promise<void> | undefined {
    return performance.now() - this.#since < longestSliceMs ? undefined : this.#letOthersRun();
  }

  async #letOthersRun(): Promise<void> {
    await setImmediate();
    this.#signal?.throwIfAborted();
    this.#since = performance.now();
  }
}
