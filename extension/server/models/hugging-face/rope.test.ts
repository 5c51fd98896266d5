import { expect, test } from 'vitest';
import { frequencyFactors } from './rope.ts';

test('high frequencies are kept, low ones divided, and those between go over smoothly', () => {
  const scaling = { factor: 8, low: 1, high: 4, original: 8192 };
  const factors = frequencyFactors(500_000, 128, scaling);
  expect(factors).toHaveLength(64);
  expect([...factors.subarray(0, 29)].every((factor) => factor === 1)).toBe(true);
  expect([...factors.subarray(35)].every((factor) => factor === 8)).toBe(true);
  const between = [...factors.subarray(29, 35)];
  expect(between).toEqual(between.toSorted((one, other) => one - other));
  // By hand: wavelength of pair 30 is 2 pi * 500000^(60/128) = 2948.3, so smooth is (8192 / 2948.3 - 1) / 3 = 0.59285.
  expect(factors[30]).toBeCloseTo(1 / (0.40715 / 8 + 0.59285), 3);
});
