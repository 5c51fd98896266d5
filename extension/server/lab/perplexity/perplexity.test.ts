import { describe, expect, test } from 'vitest';
import { summarizeDivergence } from './divergence.ts';
import { cutWindows, lastUnscored, summarizePerplexity } from './windows.ts';

test('whole windows are cut, with bos in front of each', () => {
  expect(cutWindows(Int32Array.of(1, 2, 3, 4, 5), 2, 9).map((ids) => [...ids])).toEqual([
    [9, 2],
    [9, 4],
  ]);
  // 255 of 512 tokens count.
  expect(512 - 1 - lastUnscored(512)).toBe(255);
});

test('perplexity is the exponential of the mean', () => {
  const { perplexity, stderr, tokens } = summarizePerplexity([1, 3]);
  expect(perplexity).toBeCloseTo(Math.exp(2));
  expect(stderr).toBeCloseTo(Math.exp(2));
  expect(tokens).toBe(2);
});

describe('the divergence of a model', () => {
  const found = summarizeDivergence({
    nll: [1, 2, 3, 4],
    baseNll: [1, 1.5, 3.5, 3],
    kld: [0, 0.1, 0.2, 0.5],
    sameTop: 3,
  });

  // The same by hand: population moments over n - 1.
  test('compares perplexities with what both have in common', () => {
    expect(found.logRatio.value).toBeCloseTo(0.25, 12);
    expect(found.basePerplexity).toBeCloseTo(Math.exp(2.25), 12);
    const [varianceOwn, varianceBase, covariance] = [1.25 / 3, 1.0625 / 3, 1 / 3];
    expect(found.correlation).toBeCloseTo(covariance / Math.sqrt(varianceOwn * varianceBase), 12);
    expect(found.logRatio.error).toBeCloseTo(Math.sqrt(varianceOwn + varianceBase - 2 * covariance), 12);
    expect(found.ratio.value).toBeCloseTo(Math.exp(0.25), 12);
    expect(found.difference.value).toBeCloseTo(Math.exp(2.5) - Math.exp(2.25), 12);
  });

  test('has the distribution over tokens', () => {
    expect(found.kld).toMatchObject({ value: 0.2, min: 0, max: 0.5 });
    expect(found.kld.median).toBeCloseTo(0.15, 12);
    expect(found.kld.p99).toBeCloseTo(0.2 + 0.3 * 0.97, 12);
    expect(found.sameTop).toEqual({ value: 0.75, error: 0.25 });
    const deltas = [0, Math.exp(-2) - Math.exp(-1.5), Math.exp(-3) - Math.exp(-3.5), Math.exp(-4) - Math.exp(-3)];
    expect(found.deltaP.value).toBeCloseTo(deltas.reduce((a, b) => a + b) / 4, 12);
    expect(found.deltaP.rms.value).toBeCloseTo(Math.sqrt(deltas.reduce((a, b) => a + b * b, 0) / 4), 12);
  });

  test('from itself is nothing', () => {
    const same = summarizeDivergence({ nll: [1, 2], baseNll: [1, 2], kld: [0, 0], sameTop: 2 });
    expect(same).toMatchObject({
      ratio: { value: 1, error: 0 },
      correlation: 1,
      kld: { value: 0, max: 0 },
      deltaP: { value: 0, rms: { value: 0, error: 0 } },
      sameTop: { value: 1, error: 0 },
    });
  });
});
