import { describe, expect, test } from 'vitest';
import { comparePaired, dominance, histogram, median, quantile, signTest } from './statistics.ts';

test('a histogram puts edges above, and its end into the last bin', () => {
  expect(histogram([0, 9.99, 10, 55, 99.9, 100], 0, 100, 10).counts).toEqual([2, 1, 0, 0, 0, 1, 0, 0, 0, 2]);
  expect(histogram([], 0, 100, 2)).toEqual({ edges: [0, 50, 100], counts: [0, 0] });
});

test('quantiles interpolate', () => {
  expect(median([3, 1, 2, 10])).toBe(2.5);
  expect(quantile([1, 2, 3], 0.99)).toBeCloseTo(2.98);
  expect(quantile([], 0.5)).toBeNaN();
});

describe('the sign test', () => {
  // Sums of binomial coefficients by hand: 2 * (1 + 10 + 45) / 1024, and so on.
  test.each([
    [8, 2, 112 / 1024],
    [10, 0, 2 / 1024],
    [5, 5, 1],
    [0, 0, 1],
  ])('%i wins, %i losses', (wins, losses, p) => {
    expect(signTest(wins, losses)).toBeCloseTo(p, 12);
    expect(signTest(losses, wins)).toBeCloseTo(p, 12);
  });

  test('stays exact where factorials would overflow', () => {
    expect(signTest(600, 400)).toBeCloseTo(2.728e-10, 12);
    expect(signTest(50_000, 50_000)).toBe(1);
  });
});

test('pairs are counted for whom is better', () => {
  expect(comparePaired([1, 2, 3], [2, 2, 1])).toMatchObject({ pairs: 3, wins: 1, ties: 1, losses: 1, p: 1 });
  expect(comparePaired([1, 1], [0, 1], true)).toMatchObject({ wins: 1, losses: 0, winRate: 1 });
});

describe('dominance', () => {
  test.each([
    [[1, 2, 3], [2, 3, 4], 'first'],
    [[2, 3], [1, 3], 'second'],
    [[1, 9], [4, 5], 'neither'],
    [[1, 2], [2, 1], 'equal'],
  ] as const)('%j and %j: %s', (a, b, lower) => {
    expect(dominance(a, b).lower).toBe(lower);
  });

  test('says how far the functions are apart', () => {
    expect(dominance([1, 9], [4, 5])).toEqual({ lower: 'neither', mostAbove: 0.5, mostBelow: 0.5 });
  });
});
