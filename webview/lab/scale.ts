/** Axes of the drawings: from values to pixels, and the round numbers to mark. Pure. */

export interface Scale {
  readonly low: number;
  readonly high: number;
  /** Where a value is drawn. */
  readonly at: (value: number) => number;
}

export function scale(low: number, high: number, from: number, to: number): Scale {
  const span = high > low ? high - low : 1;
  return { low, high, at: (value) => round(from + ((value - low) / span) * (to - from)) };
}

/** Round numbers between the ends, about `count` of them: steps of 1, 2 or 5 times a power of ten. */
export function ticks(low: number, high: number, count: number): readonly number[] {
  if (!(high > low) || count < 1) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough / 1.4) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** A line through points, as the `d` of a path. */
export function path(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
}

/** Means with up to `radius` neighbours on both sides, so that a falling line is not drawn too late. */
export function smooth(values: readonly number[], radius: number): readonly number[] {
  const sums = [0];
  for (const value of values) sums.push((sums.at(-1) ?? 0) + value);
  return values.map((_, index) => {
    const first = Math.max(0, index - radius);
    const end = Math.min(values.length, index + radius + 1);
    return ((sums[end] ?? 0) - (sums[first] ?? 0)) / (end - first);
  });
}

/** Means of neighbours, so that no more than `most` are drawn. */
export function thin(
  points: readonly (readonly [number, number])[],
  most: number,
): readonly (readonly [number, number])[] {
  const size = Math.ceil(points.length / Math.max(1, most));
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) => {
    const group = points.slice(index * size, (index + 1) * size);
    const mean = (at: 0 | 1): number => group.reduce((sum, point) => sum + point[at], 0) / group.length;
    return [mean(0), mean(1)] as const;
  });
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
