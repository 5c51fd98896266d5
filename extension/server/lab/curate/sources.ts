/**
 * How diverse each source is, and which one to drop. A source such as P3, whose prompts come from templates and whose
 * answers are a few short ones again and again, teaches a model to answer in a word. No single figure proves it; a
 * source
 * is recommended for dropping when it is an outlier among the others in several of them. The decision stays with the
 * user.
 */
import { gzipSync } from 'node:zlib';
import { randomNumbers, wordHashes } from './words.ts';

export interface SourceStatistics {
  readonly source: string;
  /** Records that are not malformed, refused, too long or leaked. */
  readonly records: number;
  readonly medianAnswerWords: number;
  /** Answers of at most three words. */
  readonly shortShare: number;
  /** Of a sample of at most 2,000 answers, as the five below: such ratios depend on how much is counted. */
  readonly uniqueRatio: number;
  /** Share of the twenty most frequent answers. */
  readonly top20Share: number;
  /** Distinct words, pairs and triples among those of 1,000 consecutive words. */
  readonly distinct1: number;
  readonly distinct2: number;
  readonly distinct3: number;
  /** Bytes after gzip for each byte before. */
  readonly gzipRatio: number;
  /** Records that repeat an earlier one, exactly or nearly. */
  readonly nearDuplicateRate: number;
}

export interface SourceVerdict extends SourceStatistics {
  /** Figures in which the source stands apart, on the homogeneous side. */
  readonly outlierIn: readonly Figure[];
  readonly recommendDrop: boolean;
}

export const sampleSize = 2000;

/** The figures that need the answers themselves. */
export function sampleStatistics(
  answers: readonly string[],
): Pick<SourceStatistics, 'uniqueRatio' | 'top20Share' | 'distinct1' | 'distinct2' | 'distinct3' | 'gzipRatio'> {
  const counts = new Map<string, number>();
  for (const answer of answers) {
    const key = answer.toLowerCase().replace(/\s+/gu, ' ');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const top = [...counts.values()].sort((a, b) => b - a).slice(0, 20);
  // Twenty of thirty answers are no finding, so what occurs once does not count.
  const repeated = top.filter((count) => count > 1).reduce((sum, count) => sum + count, 0);
  const words = wordHashes(answers.join('\n'));
  return {
    uniqueRatio: counts.size / Math.max(1, answers.length),
    top20Share: repeated / Math.max(1, answers.length),
    distinct1: distinctShare(words, 1),
    distinct2: distinctShare(words, 2),
    distinct3: distinctShare(words, 3),
    gzipRatio: gzipRatio(answers),
  };
}

/** Compares each source with the others. Sources with few records are shown but not judged. */
export function judgeSources(sources: readonly SourceStatistics[]): SourceVerdict[] {
  const judged = sources.filter(({ records }) => records >= leastRecords);
  const verdicts = sources.map((source): SourceVerdict => {
    const others = judged.filter((other) => other !== source);
    const outlierIn =
      source.records >= leastRecords ? figureNames.filter((name) => standsApart(name, source, others)) : [];
    const homogeneous = outlierIn.filter((name) => !ruleOf(name).short).length;
    // Short answers alone may be right (names, dates); so may be much repetition alone (a fixed form).
    const recommendDrop = homogeneous >= 2 && homogeneous < outlierIn.length;
    return { ...source, outlierIn, recommendDrop };
  });
  // Dropping everything is no advice.
  return verdicts.some(({ recommendDrop, records }) => !recommendDrop && records > 0)
    ? verdicts
    : verdicts.map((verdict) => ({ ...verdict, recommendDrop: false }));
}

/** Numbers of at most `sampleSize` of each source's records, the same in every run with this seed. */
export function sampleRecords(
  sourceOf: (index: number) => number | undefined,
  length: number,
  seed: number,
): number[][] {
  const random = randomNumbers(seed);
  const samples: number[][] = [];
  const seen: number[] = [];
  for (let index = 0; index < length; index++) {
    const source = sourceOf(index);
    if (source === undefined) continue;
    const sample = (samples[source] ??= []);
    const count = (seen[source] = (seen[source] ?? 0) + 1);
    if (sample.length < sampleSize) {
      sample.push(index);
    } else {
      const place = Math.floor(random() * count);
      if (place < sampleSize) sample[place] = index;
    }
  }
  return samples.map((sample) => sample.sort((a, b) => a - b));
}

const leastRecords = 50;

interface FigureRule {
  /** On a scale on which a difference means the same everywhere; larger = more homogeneous. */
  readonly badness: (source: SourceStatistics) => number;
  /** A difference that is no news, also when the other sources agree closely. */
  readonly floor: number;
  /** So bad that no comparison is needed: with two sources there is no majority. */
  readonly extreme: number;
  /** Says that answers are short; the others say that they are alike. */
  readonly short?: true;
}

const figures = {
  medianAnswerWords: { badness: (s) => -Math.log2(1 + s.medianAnswerWords), floor: 0.6, extreme: -2, short: true },
  shortShare: { badness: (s) => s.shortShare, floor: 0.1, extreme: 0.5, short: true },
  uniqueRatio: { badness: (s) => -s.uniqueRatio, floor: 0.06, extreme: -0.5 },
  top20Share: { badness: (s) => s.top20Share, floor: 0.06, extreme: 0.3 },
  distinct1: { badness: (s) => -s.distinct1, floor: 0.06, extreme: -0.1 },
  distinct2: { badness: (s) => -s.distinct2, floor: 0.06, extreme: -0.3 },
  gzipRatio: { badness: (s) => -s.gzipRatio, floor: 0.05, extreme: -0.15 },
  nearDuplicateRate: { badness: (s) => s.nearDuplicateRate, floor: 0.08, extreme: 0.5 },
} as const satisfies Record<string, FigureRule>;

export type Figure = keyof typeof figures;
const figureNames = Object.keys(figures) as Figure[];

function ruleOf(name: Figure): FigureRule {
  return figures[name];
}

/** Three robust deviations from the median of the others, or beyond every doubt. */
function standsApart(name: Figure, source: SourceStatistics, others: readonly SourceStatistics[]): boolean {
  const rule = ruleOf(name);
  const own = rule.badness(source);
  if (own >= rule.extreme) {
    return true;
  }
  if (others.length === 0) {
    return false;
  }
  const values = others.map(rule.badness);
  const middle = median(values);
  const deviation = 1.4826 * median(values.map((value) => Math.abs(value - middle)));
  return own - middle >= 3 * Math.max(rule.floor, deviation);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? 0)) / 2;
}

/** Mean over windows of equal length, because a longer text has fewer distinct words for each of its words. */
function distinctShare(words: Uint32Array, size: number): number {
  let sum = 0;
  let windows = 0;
  for (
    let start = 0;
    start === 0 || start + windowWords <= Math.min(words.length, mostWindows * windowWords);
    start += windowWords
  ) {
    const window = words.subarray(start, start + windowWords);
    const total = window.length - size + 1;
    if (total <= 0) break;
    const seen = new Set<string>();
    for (let at = 0; at < total; at++) seen.add(window.subarray(at, at + size).join());
    sum += seen.size / total;
    windows++;
  }
  return windows === 0 ? 0 : sum / windows;
}

const windowWords = 1000;
const mostWindows = 30;

function gzipRatio(answers: readonly string[]): number {
  const bytes = Buffer.from(answers.join('\n')).subarray(0, 1 << 16);
  return bytes.length === 0 ? 0 : gzipSync(bytes, { level: 6 }).length / bytes.length;
}
