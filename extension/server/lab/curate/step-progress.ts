import { setImmediate } from 'node:timers/promises';
import { cancelledError } from '../../engine/errors.ts';
import type { CurateHooks, CurateProgress } from './options.ts';

/** Progress of one step, its estimate, and the places where a run can be cancelled. */
export class StepProgress {
  readonly #hooks: CurateHooks;
  readonly #step: CurateProgress['step'];
  readonly #total: number;
  readonly #start = performance.now();
  /** In the past, so that the first call reports that the step has begun. */
  #lastPause = -Infinity;

  constructor(hooks: CurateHooks, step: CurateProgress['step'], total: number) {
    this.#hooks = hooks;
    this.#step = step;
    this.#total = total;
  }

  /** Yields to the event loop when enough time has passed. Throws `cancelled`. */
  async pause(done: number, records: number): Promise<void> {
    const now = performance.now();
    if (now - this.#lastPause >= pauseMs) {
      const fraction = this.#total === 0 ? 1 : Math.min(1, done / this.#total);
      const seconds = (now - this.#start) / 1000;
      this.#hooks.onProgress?.({
        step: this.#step,
        fraction,
        records,
        remainingSeconds: seconds > 2 && fraction > 0.005 ? (seconds * (1 - fraction)) / fraction : undefined,
      });
      await setImmediate();
      this.#lastPause = performance.now();
    }
    if (this.#hooks.signal.aborted) {
      throw cancelledError();
    }
  }
}

const pauseMs = 50;
