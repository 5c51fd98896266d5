/** The code of a workspace that a model reads with a question. */
import { readText } from '../index/read-text.ts';
import { mostFileBytes } from '../index/walk.ts';
import type { Hit } from '../index/workspace-index.ts';
import { codeBlock } from '../prompt/code-block.ts';
import { languageOf } from '../syntax/grammars.ts';

export interface Excerpt {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  /** From 1. */
  readonly startLine: number;
  readonly lines: readonly string[];
}

export interface ExcerptBudget {
  /** In tokens, of all together. */
  readonly tokens: number;
  readonly count: (text: string) => Promise<number>;
}

/** Of one place: the beginning of a long function says what it is for. */
const mostLines = 40;
/** Fewer lines of a place say too little. */
const leastLines = 6;

/** As many of the places as fit, the best first. Their text is read now: files may have changed since the search. */
export async function readExcerpts(
  folder: string,
  hits: readonly Hit[],
  { tokens, count }: ExcerptBudget,
): Promise<readonly Excerpt[]> {
  const excerpts: Excerpt[] = [];
  let room = tokens;
  for (const { path, startLine, endLine } of hits) {
    const text = await readText(folder, path, mostFileBytes);
    const all = text?.split('\n').slice(startLine - 1, Math.min(endLine, startLine - 1 + mostLines)) ?? [];
    const cost = (lines: readonly string[]): Promise<number> => count(describeExcerpt({ path, startLine, lines }, 1));
    const { lines, used } = await fitting(all, room, cost);
    if (lines.length < Math.min(leastLines, all.length) || lines.every((line) => line.trim() === '')) continue;
    excerpts.push({ path, startLine, lines });
    room -= used;
  }
  return excerpts;
}

/** About as many of the first lines as fit, and what they cost. */
async function fitting(
  all: readonly string[],
  room: number,
  cost: (lines: readonly string[]) => Promise<number>,
): Promise<{ lines: readonly string[]; used: number }> {
  for (let lines = all; lines.length > 0;) {
    const used = await cost(lines);
    if (used <= room) return { lines, used };
    lines = lines.slice(0, Math.min(lines.length - 1, Math.floor((lines.length * room) / used)));
  }
  return { lines: [], used: 0 };
}

/** As the model sees it, with the number that it cites. */
export function describeExcerpt({ path, startLine, lines }: Excerpt, number: number): string {
  const place = `${path}:${startLine}-${startLine + lines.length - 1}`;
  return `[${number}] ${place}\n${codeBlock(lines.join('\n'), languageOf(path))}`;
}
