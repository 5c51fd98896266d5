import { describe, expect, test } from 'vitest';
import { judgeSources, sampleRecords, sampleSize, sampleStatistics } from './sources.ts';
import type { SourceStatistics } from './sources.ts';

function source(name: string, changes: Partial<SourceStatistics> = {}): SourceStatistics {
  return {
    source: name,
    records: 1000,
    medianAnswerWords: 60,
    shortShare: 0.05,
    uniqueRatio: 0.99,
    top20Share: 0.02,
    distinct1: 0.5,
    distinct2: 0.9,
    distinct3: 0.97,
    gzipRatio: 0.44,
    nearDuplicateRate: 0.02,
    ...changes,
  };
}

const homogeneous = {
  medianAnswerWords: 1,
  shortShare: 0.8,
  uniqueRatio: 0.1,
  top20Share: 0.7,
  nearDuplicateRate: 0.3,
};

function dropped(sources: readonly SourceStatistics[]): string[] {
  return judgeSources(sources)
    .filter(({ recommendDrop }) => recommendDrop)
    .map((verdict) => verdict.source);
}

describe('which source is recommended for dropping', () => {
  test.each([1, 2, 5])('the homogeneous one beside %i others', (count) => {
    const others = Array.from({ length: count }, (_, index) =>
      source(`s${index}`, { medianAnswerWords: 25 + 20 * index, uniqueRatio: 0.99 - index / 50 }),
    );
    expect(dropped([...others, source('p3', homogeneous)])).toEqual(['p3']);
  });

  test('two homogeneous ones beside one other', () => {
    expect(dropped([source('a'), source('p3', homogeneous), source('p4', homogeneous)])).toEqual(['p3', 'p4']);
  });

  test('not one with short answers that are all different', () => {
    expect(dropped([source('a'), source('b'), source('names', { medianAnswerWords: 2, shortShare: 0.9 })])).toEqual([]);
  });

  test('not one that repeats itself with long answers', () => {
    expect(dropped([source('a'), source('b'), source('forms', { uniqueRatio: 0.4, nearDuplicateRate: 0.5 })])).toEqual(
      [],
    );
  });

  test('not one that is merely longer or more diverse', () => {
    expect(dropped([source('a'), source('b'), source('c', { medianAnswerWords: 400, distinct1: 0.7 })])).toEqual([]);
  });

  test('not one of which there is too little, and never all', () => {
    expect(dropped([source('a'), source('few', { ...homogeneous, records: 20 })])).toEqual([]);
    expect(dropped([source('only', homogeneous)])).toEqual([]);
  });
});

test('the sample gives shares of equal answers, and windows make lengths comparable', () => {
  const same = sampleStatistics(['Yes', 'yes', 'No', 'no', 'Maybe']);
  expect(same.uniqueRatio).toBeCloseTo(0.6);
  expect(same.top20Share).toBeCloseTo(0.8);
  const text = Array.from({ length: 1000 }, (_, index) => `w${index}`).join(' ');
  expect(sampleStatistics([text, text, text]).distinct1).toBe(1);
});

test('a sample is bounded, in order, and the same each time', () => {
  const [first, second = []] = sampleRecords((index) => (index % 3 === 2 ? undefined : index % 3), 30_000, 1);
  expect(first).toHaveLength(sampleSize);
  expect(second.every((index) => index % 3 === 1)).toBe(true);
  expect(second).toEqual([...second].sort((a, b) => a - b));
  expect(sampleRecords((index) => (index % 3 === 2 ? undefined : index % 3), 30_000, 1)[0]).toEqual(first);
});
