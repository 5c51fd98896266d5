/**
 * Text that repeats itself, by the measures of the Gopher corpus: the share of what lies in lines, paragraphs and runs
 * of
 * words that were there before. Its limits are for web pages; answers are shorter and repeat by right more often
 * (verse,
 * tables, code), so they apply from fifty words on and are somewhat wider.
 */
import { ngramHashes, wordHashes } from './words.ts';

export function isRepetitive(text: string): boolean {
  if (text.length < 60) {
    return false;
  }
  if (isLoop(text)) {
    return true;
  }
  // Addresses of one site begin alike.
  const words = wordHashes(text.replace(/https?:\/\/\S+/gu, ' '));
  if (words.length < leastWords) {
    return false;
  }
  const code = text.includes('```') || (text.match(/[{};=|]/gu)?.length ?? 0) > words.length / 10;
  const limits = code ? codeLimits : words.length < shortText ? shortLimits : proseLimits;
  return (
    repeatedShare(text.split(/\n\s*\n/u)) > limits.paragraphs ||
    repeatedShare(text.split('\n')) > limits.lines ||
    topShare(words, 2) > limits.top ||
    topShare(words, 3) > limits.top ||
    topShare(words, 4) > limits.top ||
    repeatedRunShare(words, 5) > limits.runs ||
    repeatedRunShare(words, 10) > limits.runs
  );
}

const leastWords = 50;
const shortText = 200;
const shortLimits = { paragraphs: 0.3, lines: 0.35, top: 0.4, runs: 0.5 };
const proseLimits = { paragraphs: 0.3, lines: 0.35, top: 0.25, runs: 0.45 };
const codeLimits = { paragraphs: 0.6, lines: 0.7, top: 0.4, runs: 0.75 };

/** A short piece again and again until the end, as a model that got caught writes it. */
function isLoop(text: string): boolean {
  const tail = text.slice(-600);
  for (let period = 2; period <= longestPeriod; period++) {
    let at = tail.length - 1;
    while (at >= period && tail.charCodeAt(at) === tail.charCodeAt(at - period)) at--;
    const length = tail.length - 1 - at + period;
    if (length >= Math.max(100, 5 * period, tail.length / 3)) {
      // A line of dashes is no loop.
      return /[\p{L}\p{N}]/u.test(tail.slice(-period));
    }
  }
  return false;
}

const longestPeriod = 120;

/** Share of the characters that lie in pieces seen before. */
function repeatedShare(pieces: readonly string[]): number {
  if (pieces.length < 4) {
    return 0;
  }
  const seen = new Set<string>();
  let all = 0;
  let again = 0;
  for (const piece of pieces) {
    const text = piece.trim();
    all += text.length;
    if (seen.has(text)) again += text.length;
    seen.add(text);
  }
  return all === 0 ? 0 : again / all;
}

/** Share of the words that lie in the most frequent run of this size. */
function topShare(words: Uint32Array, size: number): number {
  const counts = new Map<number, number>();
  let most = 0;
  for (const run of ngramHashes(words, size)) {
    const count = (counts.get(run) ?? 0) + 1;
    counts.set(run, count);
    if (count > most) most = count;
  }
  return most < 4 ? 0 : (most * size) / words.length;
}

/** Share of the words that lie in runs of this size seen before. */
function repeatedRunShare(words: Uint32Array, size: number): number {
  const seen = new Set<number>();
  let again = 0;
  let covered = 0;
  const runs = ngramHashes(words, size);
  for (let start = 0; start < runs.length; start++) {
    const run = runs[start] ?? 0;
    if (seen.has(run)) {
      // Runs overlap: a word counts once.
      again += start + size - Math.max(start, covered);
      covered = start + size;
    }
    seen.add(run);
  }
  return again / words.length;
}
