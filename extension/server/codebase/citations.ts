/**
 * Turns the numbers that a model cites into places, and checks them: a place must hold a name that its sentence speaks
 * of. What a model says without a number gets one where the code shows it.
 */
import { stem } from '../index/stem.ts';
import type { Excerpt } from './excerpts.ts';

export interface Citation {
  readonly path: string;
  /** From 1, both included. */
  readonly startLine: number;
  readonly endLine: number;
}

export interface CheckedAnswer {
  /** With places in the place of numbers. */
  readonly text: string;
  /** In the order of the text, each once. */
  readonly citations: readonly Citation[];
  /** Numbers that named nothing, or code that does not hold what it was cited for. */
  readonly removed: number;
}

/** A longer place is no evidence that somebody can look at. */
const mostLines = 20;
/** Words of prose that a place must share with a sentence that has no name of the code. */
const leastWords = 2;
const leastLength = 5;

export function checkAnswer(answer: string, excerpts: readonly Excerpt[]): CheckedAnswer {
  const checker = new Checker(excerpts);
  // Blocks of code stay as they are.
  const parts = answer.split(/(^```[^]*?^```[^\S\n]*$)/mu);
  const text = parts.map((part, index) => (index % 2 === 1 ? part : checker.check(part))).join('');
  return { text, citations: checker.citations, removed: checker.removed };
}

export function describeCitation({ path, startLine, endLine }: Citation): string {
  return startLine === endLine ? `${path}:${startLine}` : `${path}:${startLine}-${endLine}`;
}

class Checker {
  readonly citations: Citation[] = [];
  removed = 0;
  readonly #excerpts: readonly Excerpt[];

  constructor(excerpts: readonly Excerpt[]) {
    this.#excerpts = excerpts;
  }

  check(text: string): string {
    return sentencesOf(text)
      .map((sentence) => this.#checkSentence(sentence))
      .join('');
  }

  #checkSentence(sentence: string): string {
    const numbers = Array.from(sentence.matchAll(mark), ([, list = '']) => list.split(',').map(Number)).flat();
    const bare = sentence.replaceAll(mark, '');
    const names = namesIn(bare);
    const found: Citation[] = [];
    for (const number of numbers) {
      const excerpt = this.#excerpts[number - 1];
      const place = excerpt && placeIn(excerpt, names, bare);
      if (place === undefined) this.removed += 1;
      else found.push(place);
    }
    // Names are found wherever they stand; prose alone is no evidence.
    if (found.length === 0 && names.length > 0) {
      const places = this.#excerpts.map((excerpt) => placeIn(excerpt, names, bare)).filter((one) => one !== undefined);
      if (places[0] !== undefined) found.push(places[0]);
    }
    if (found.length === 0) return bare;
    const distinct = [...new Map(found.map((place) => [describeCitation(place), place])).entries()];
    for (const [key, place] of distinct) {
      if (!this.citations.some((one) => describeCitation(one) === key)) this.citations.push(place);
    }
    const [, body = '', end = ''] = /^([^]*?)([.:!?]?\s*)$/u.exec(bare) ?? [];
    return `${body.trimEnd()} (${distinct.map(([key]) => key).join(', ')})${end}`;
  }
}

const mark = /[^\S\n]?\[(\d{1,2}(?:,\s*\d{1,2})*)\](?!\()/gu;

/** Sentences and lines, with what separates them. */
function sentencesOf(text: string): readonly string[] {
  return text.match(/[^\n]+?(?:[.!?](?:[^\S\n]?\[[\d, ]+\])*(?=\s|$)|(?=\n)|$)\s*|\n+/gu) ?? [];
}

/** Names of code: in backticks, or such as no word of prose looks. */
function namesIn(text: string): readonly string[] {
  const quoted = Array.from(text.matchAll(/`([^`\n]+)`/gu), ([, inside = '']) => inside);
  const plain = identifiersIn(text.replaceAll(/`[^`\n]+`/gu, ' '));
  const looks = plain.filter((word) => /\p{Ll}\p{Lu}|_|\$/u.test(word));
  const inside = quoted.flatMap(identifiersIn);
  return [...new Set([...inside, ...looks])].filter((name) => name.length > 1);
}

/** The lines that hold what the sentence speaks of: the names, or without any some of its words. */
function placeIn(
  { path, startLine, lines }: Excerpt,
  names: readonly string[],
  sentence: string,
): Citation | undefined {
  const wanted = names.length > 0 ? new Set(names) : new Set(wordsOf(sentence));
  const least = names.length > 0 ? 1 : leastWords;
  const held = lines.map((line) =>
    (names.length > 0 ? identifiersIn(line) : wordsOf(line)).filter((one) => wanted.has(one)),
  );
  if (new Set(held.flat()).size < least) return undefined;
  const [first, last] = densest(held.map((some) => new Set(some).size));
  return { path, startLine: startLine + first, endLine: startLine + last };
}

function identifiersIn(text: string): string[] {
  return text.match(/[\p{L}_$][\p{L}\p{N}_$]*/gu) ?? [];
}

function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  return words.filter((word) => word.length >= leastLength).map(stem);
}

/** The run of at most `mostLines` lines that holds most, without empty ones at its ends. */
function densest(counts: readonly number[]): readonly [number, number] {
  let best = { sum: -1, first: 0 };
  for (let first = 0; first < counts.length; first++) {
    const sum = counts.slice(first, first + mostLines).reduce((all, one) => all + one, 0);
    if (counts[first] !== 0 && sum > best.sum) best = { sum, first };
  }
  const run = counts.slice(best.first, best.first + mostLines);
  return [best.first, best.first + run.findLastIndex((count) => count > 0)];
}
