/** Long work on the extension host, cut into slices: other extensions and the editor wait for each of them. */
import { setImmediate } from 'node:timers/promises';

const sliceMs = 8;

export class TimeSlices {
  #start = performance.now();

  /** Lets others run when this slice has lasted long enough. Call it after each small piece of work. */
  async pause(): Promise<void> {
    if (performance.now() - this.#start < sliceMs) return;
    await setImmediate();
    this.#start = performance.now();
  }
}
