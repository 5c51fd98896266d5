/** Statistics of evaluations. Pure. */

export interface Histogram {
  /** `counts.length + 1` edges. A value on an edge belongs to the bin above it; the last bin has its upper edge too. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

export function histogram(values: readonly number[], least: number, most: number, bins: number): Histogram {
  const width = (most - least) / bins;
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((value - least) / width)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { edges: Array.from({ length: bins + 1 }, (_, index) => least + index * width), counts };
}

/** NaN of none. */
export function mean(values: readonly number[] | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** `fraction` 0..1, interpolated between neighbours; of `sorted` ascending values. NaN of none. */
export function quantile(sorted: ArrayLike<number>, fraction: number): number {
  if (sorted.length === 0) {
    return Number.NaN;
  }
  const at = fraction * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low;
  return low + (at - below) * (high - low);
}

export function median(values: readonly number[]): number {
  return quantile([...values].sort(ascending), 0.5);
}

export function ascending(a: number, b: number): number {
  return a - b;
}

export interface Paired {
  readonly pairs: number;
  /** How often the first is better, neither is, the second is. */
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
  /** Wins among the pairs that are no ties. NaN when all are. */
  readonly winRate: number;
  /** Two-sided sign test: how likely so uneven an outcome is when neither is better. Ties count nothing. */
  readonly p: number;
}

/** Compares `first[i]` with `second[i]`; the smaller is better unless `higherIsBetter`. */
export function comparePaired(first: readonly number[], second: readonly number[], higherIsBetter = false): Paired {
  let [wins, losses] = [0, 0];
  first.forEach((value, index) => {
    const other = second[index] ?? Number.NaN;
    if (value < other) wins++;
    if (value > other) losses++;
  });
  if (higherIsBetter) {
    [wins, losses] = [losses, wins];
  }
  const ties = first.length - wins - losses;
  return { pairs: first.length, wins, ties, losses, winRate: wins / (wins + losses), p: signTest(wins, losses) };
}

/** Exact: twice the smaller tail of the binomial distribution with probability 1/2, at most 1. */
export function signTest(wins: number, losses: number): number {
  const n = wins + losses;
  let logChoose = 0;
  let tail = 0;
  for (let k = 0; k <= Math.min(wins, losses); k++) {
    tail += Math.exp(logChoose - n * Math.LN2);
    logChoose += Math.log(n - k) - Math.log(k + 1);
  }
  return Math.min(1, 2 * tail);
}

export interface Dominance {
  /** The side with the stochastically lower values: its distribution function is nowhere below the other's. */
  readonly lower: 'first' | 'second' | 'neither' | 'equal';
  /** The most by which the first's distribution function is above the second's, and below it; 0..1. */
  readonly mostAbove: number;
  readonly mostBelow: number;
}

/** First-order stochastic dominance of two samples, of any sizes. */
export function dominance(first: readonly number[], second: readonly number[]): Dominance {
  const [a, b] = [[...first].sort(ascending), [...second].sort(ascending)];
  let [mostAbove, mostBelow, i, j] = [0, 0, 0, 0];
  for (const at of [...new Set([...a, ...b])].sort(ascending)) {
    while (i < a.length && (a[i] ?? 0) <= at) i++;
    while (j < b.length && (b[j] ?? 0) <= at) j++;
    const difference = i / Math.max(1, a.length) - j / Math.max(1, b.length);
    mostAbove = Math.max(mostAbove, difference);
    mostBelow = Math.max(mostBelow, -difference);
  }
  const lower = mostAbove > 0 ? (mostBelow > 0 ? 'neither' : 'first') : mostBelow > 0 ? 'second' : ('equal' as const);
  return { lower, mostAbove, mostBelow };
}
