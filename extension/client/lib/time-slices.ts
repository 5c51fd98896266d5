/**
 * Cuts long work on the extension host into short slices, because other extensions and the editor wait for each slice.
 */
import { setImmediate } from 'node:timers/promises';

const sliceMs = 8;

export class TimeSlices {
  #start = performance.now();

  /** Yields to the event loop when the slice has lasted long enough. Call it after each small piece of work. */
  async pause(): Promise<void> {
    if (performance.now() - this.#start < sliceMs) return;
    await setImmediate();
    this.#start = performance.now();
  }
}
