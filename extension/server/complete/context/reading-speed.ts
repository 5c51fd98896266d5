/** How much a completion may read, from how fast this computer reads with this model. */
import type { Timings } from '../../../protocol/model.ts';

/** In tokens. */
export interface ReadingBudget {
  readonly prefix: number;
  readonly suffix: number;
  readonly others: number;
}

/** For a single completion that may take as long as it takes, such as one of the terminal. */
export const fullBudget: ReadingBudget = { prefix: 1024, suffix: 256, others: 1024 };

/**
 * How long reading may take when nothing of the prompt is remembered. Other files may take longer than the document:
 * they stand first and keep their place from key to key, so that mostly they are read once. What stands behind the
 * cursor is read again at every key, since what is before it has become longer.
 */
const mostSeconds = { prefix: 0.25, suffix: 0.12, others: 0.5 };
/** Before the first measurement: what a laptop of some years reads with a model of 1.5 billion parameters. */
const unknownSpeed = 100;
/** A short prompt measures how long a pass takes to begin. */
const leastMeasured = 48;
const remembered = 9;
/**
 * In tokens. Budgets move in steps, and only for a clear difference: another budget means another beginning of the
 * prompt. Less than the least makes no sense for the document, and is nothing for others.
 */
const steps = {
  prefix: [256, 384, 512, 768, 1024],
  suffix: [48, 64, 96, 128, 192, 256],
  others: [0, 96, 128, 192, 256, 384, 512, 768, 1024],
};
const clearDifference = 1.3;

/** Left for the answer, for paths and for what parts of a text have more than the whole. */
const reserved = 256;

/** As much of a budget as fits into the context; the document goes first. */
export function withinContext({ prefix, suffix, others }: ReadingBudget, contextLength: number): ReadingBudget {
  const room = Math.max(0, contextLength - reserved);
  const before = Math.min(prefix, Math.floor(room * 0.7));
  const behind = Math.min(suffix, Math.floor((room - before) / 2));
  return { prefix: before, suffix: behind, others: Math.min(others, room - before - behind) };
}

export class ReadingSpeed {
  #model = '';
  #latest: number[] = [];
  /** Tokens per second that the budget was made for. */
  #settled = unknownSpeed;

  observe(model: string, { promptTokens, cachedTokens, prefillTokensPerSecond: speed }: Timings): void {
    if (model !== this.#model) this.#forget(model);
    if (promptTokens - cachedTokens < leastMeasured || speed <= 0) return;
    this.#latest = [...this.#latest, speed].slice(-remembered);
    const median = this.#latest.toSorted((a, b) => a - b)[Math.floor(this.#latest.length / 2)] ?? speed;
    const ratio = median / this.#settled;
    if (ratio > clearDifference || ratio < 1 / clearDifference) this.#settled = median;
  }

  /** What can be read in time when nothing is remembered; at least what a completion makes no sense without. */
  budget(model: string): ReadingBudget {
    if (model !== this.#model) this.#forget(model);
    const stepFor = (name: keyof typeof steps): number =>
      steps[name].findLast((step) => step <= this.#settled * mostSeconds[name]) ?? steps[name][0] ?? 0;
    return { prefix: stepFor('prefix'), suffix: stepFor('suffix'), others: stepFor('others') };
  }

  #forget(model: string): void {
    this.#model = model;
    this.#latest = [];
    this.#settled = unknownSpeed;
  }
}
