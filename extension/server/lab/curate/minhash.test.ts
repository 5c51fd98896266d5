import { describe, expect, test } from 'vitest';
import { findDuplicates } from './duplicates.ts';
import { words as column } from './growable.ts';
import { bandCount, bandKeys, candidateProbability, jaccard, nearThreshold } from './minhash.ts';
import { UnionFind } from './union-find.ts';
import { ngramHashes, randomNumbers, sortedSet, textKey, wordHashes } from './words.ts';

/** Two sets with exactly this share in common. */
function pairOf(similarity: number, random: () => number): [Uint32Array, Uint32Array] {
  const size = 200;
  const common = Math.round(size * similarity);
  const rest = Math.round((size - common) / 2);
  const values = Uint32Array.from({ length: common + 2 * rest }, () => random() * 2 ** 32);
  const a = values.slice(0, common + rest);
  const b = new Uint32Array([...values.slice(0, common), ...values.slice(common + rest)]);
  return [sortedSet(a), sortedSet(b)];
}

test('the curve: at the threshold at least 95 %, far below it nearly nothing', () => {
  expect(candidateProbability(nearThreshold)).toBeGreaterThan(0.95);
  expect(candidateProbability(0.3)).toBeLessThan(0.005);
  expect(candidateProbability(0.8, 14, 8)).toBeCloseTo(0.924, 3);
});

test.each([0.5, 0.7, 0.8, 0.9])('sets of similarity %f meet as often as the curve says', (similarity) => {
  const random = randomNumbers(1);
  const trials = 1500;
  let met = 0;
  for (let trial = 0; trial < trials; trial++) {
    const [a, b] = pairOf(similarity, random);
    const [keysA, keysB] = [new Uint32Array(bandCount), new Uint32Array(bandCount)];
    bandKeys(a, keysA);
    bandKeys(b, keysB);
    if (keysA.some((key, band) => key === keysB[band])) met++;
  }
  expect(Math.abs(met / trials - candidateProbability(similarity))).toBeLessThan(0.04);
});

test('similarity is that of the definition', () => {
  expect(jaccard(Uint32Array.of(1, 2, 3), Uint32Array.of(2, 3, 4))).toBe(0.5);
  expect(jaccard(new Uint32Array(0), new Uint32Array(0))).toBe(0);
});

describe('words', () => {
  test('case, punctuation and accents in either form do not matter', () => {
    expect(wordHashes('Hello, WORLD!')).toEqual(wordHashes('hello world'));
    expect(wordHashes('naïve café')).toHaveLength(2);
    expect(wordHashes('日本')).toHaveLength(2);
    expect(wordHashes('… — !')).toHaveLength(0);
  });

  test('a text shorter than a run is one run', () => {
    expect(ngramHashes(wordHashes('a b c'), 5)).toHaveLength(1);
    expect(ngramHashes(wordHashes('a b c d e f'), 5)).toHaveLength(2);
  });

  test('the key of a text ignores white space and case, nothing else', () => {
    expect(textKey('A  b\n c ')).toEqual(textKey('a B c '));
    expect(textKey('a b')).not.toEqual(textKey('a b!'));
  });
});

test('union-find names a set by its smallest number', () => {
  const sets = new UnionFind(5);
  expect(sets.join(4, 2)).toBe(true);
  expect(sets.join(2, 1)).toBe(true);
  expect(sets.join(4, 1)).toBe(false);
  expect([0, 1, 2, 3, 4].map((item) => sets.find(item))).toEqual([0, 1, 1, 3, 1]);
});

describe('clusters', () => {
  const long = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen';
  async function clustersOf(texts: string[]): Promise<number[]> {
    const [keyHigh, keyLow] = [column(), column()];
    for (const [high, low] of texts.map(textKey)) {
      keyHigh.push(high);
      keyLow.push(low);
    }
    const { clusters } = await findDuplicates(
      {
        length: texts.length,
        takesPart: (index) => texts[index] !== 'left out',
        keyHigh,
        keyLow,
        shingles: (index) => sortedSet(ngramHashes(wordHashes(texts[index] ?? ''), 5)),
      },
      async () => {},
    );
    return texts.map((_, index) => clusters.find(index));
  }

  test('equal and nearly equal texts, not the others', async () => {
    expect(await clustersOf([long, 'something else entirely is here now', long, `${long} more`, `${long}!`])).toEqual([
      0, 1, 0, 0, 0,
    ]);
  });

  test('what takes no part joins nothing', async () => {
    expect(await clustersOf(['left out', 'left out'])).toEqual([0, 1]);
  });

  test('a pair is found in a crowd that is only somewhat alike', async () => {
    const random = randomNumbers(3);
    const base = Array.from({ length: 120 }, (_, index) => `word${index}`);
    const changed = (words: readonly string[], count: number): string[] => {
      const copy = [...words];
      for (let change = 0; change < count; change++) copy[Math.floor(random() * copy.length)] = `other${random()}`;
      return copy;
    };
    const crowd = Array.from({ length: 3000 }, () => changed(base, 6));
    const pairs = Array.from({ length: 40 }, (_, index) => changed(crowd[index * 20] ?? base, 1));
    const clusters = await clustersOf([...crowd, ...pairs].map((words) => words.join(' ')));
    const found = pairs.filter((_, index) => clusters[crowd.length + index] === clusters[index * 20]);
    expect(found.length).toBeGreaterThanOrEqual(38);
  });

  test('thousands that look alike end in one cluster in a bounded time', async () => {
    const alike = Array.from({ length: 3000 }, (_, index) => `${long} ${long.toUpperCase()} and ${index}`);
    expect(new Set(await clustersOf(alike)).size).toBe(1);
  });
});
