/**
 * How long to wait after a key before a completion is asked for: longer where it takes long. Never longer than the time
 * between two keys of somebody who types fast: what is read meanwhile is kept for the next request.
 */

const shortestMs = 40;
const longestMs = 100;
const share = 0.1;
const remembered = 9;

export class Pace {
  #latest: number[] = [];

  /** How long a completion took, in milliseconds. */
  observe(milliseconds: number): void {
    this.#latest = [...this.#latest, milliseconds].slice(-remembered);
  }

  get delayMs(): number {
    const sorted = this.#latest.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    return Math.min(longestMs, Math.max(shortestMs, share * median));
  }
}
