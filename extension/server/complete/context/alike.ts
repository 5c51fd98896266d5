/** Code that was edited or looked at lately and is like the code around the cursor. */
import type { RecentPlace } from '../../../protocol/server.ts';
import { toLf } from '../../prompt/code-block.ts';
import type { Window } from '../window.ts';
import type { Excerpt } from './excerpt.ts';
import { firstLines, lastLines, likeness, wordsOf } from './names.ts';

export interface Alike {
  readonly excerpt: Excerpt;
  /** As `Likeness`. */
  readonly score: number;
}

/** How much a text is like the code around the cursor, from 0 to 1. */
export type Likeness = (text: string) => number;

/** Around the cursor. */
const linesBefore = 15;
const linesAfter = 5;
/** A place of more lines is cut into pieces. */
const chunkLines = 20;
/** Less is chance: all code of a language has some words in common. */
const leastScore = 0.03;
/** The share of a piece's lines that the model sees anyway; then it says nothing new. */
const mostKnown = 0.6;

export function likenessTo(prefix: string, suffix: string): Likeness {
  const code = [...lastLines(prefix, linesBefore), ...firstLines(suffix, linesAfter)].join('\n');
  const words = wordsOf(code);
  return (text) => likeness(words, wordsOf(text));
}

/** The most alike first. Leaves out what the window shows, and what others of them say already. */
export function alikeIn(places: readonly RecentPlace[], window: Window, likenessOf: Likeness): readonly Alike[] {
  const known = new Set([...tellingLines(window.prefix), ...tellingLines(window.suffix)]);
  const scored = places
    .toReversed()
    .flatMap(chunksOf)
    .map((excerpt) => ({ excerpt, score: likenessOf(excerpt.text) }))
    .filter(({ score }) => score >= leastScore)
    .sort((a, b) => b.score - a.score);
  return scored.filter(({ excerpt }) => {
    const lines = tellingLines(excerpt.text);
    const old = lines.filter((line) => known.has(line)).length;
    if (lines.length === 0 || old > mostKnown * lines.length) return false;
    for (const line of lines) known.add(line);
    return true;
  });
}

/** Pieces of about equal length. */
function chunksOf({ path, startLine, text }: RecentPlace): Excerpt[] {
  const lines = toLf(text).replace(/\n$/u, '').split('\n');
  const count = Math.max(1, Math.round(lines.length / chunkLines));
  const size = Math.ceil(lines.length / count);
  return Array.from({ length: Math.ceil(lines.length / size) }, (_, index) => {
    const part = lines.slice(index * size, (index + 1) * size);
    const first = startLine + index * size;
    const range = { startLine: first, endLine: first + part.length - 1 };
    return { path, ranges: [range], text: part.join('\n') };
  });
}

/** Lines that are no mere brackets and stand for themselves. */
function tellingLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /\w{2}/u.test(line));
}
