/** Lines of a file that the model reads besides the document. */
import type { FimFile } from '../fim-forms.ts';

/** From 1, both included. */
export interface LineRange {
  readonly startLine: number;
  readonly endLine: number;
}

/** `text` is the lines of all ranges, in their order. */
export interface Excerpt extends FimFile {
  readonly ranges: readonly LineRange[];
}

/** Ranges in the order of the file; those that overlap or touch become one. */
export function joined(ranges: readonly LineRange[]): LineRange[] {
  const all: LineRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.startLine - b.startLine)) {
    const last = all.at(-1);
    if (last === undefined || range.startLine > last.endLine + 1) all.push(range);
    else all[all.length - 1] = { startLine: last.startLine, endLine: Math.max(last.endLine, range.endLine) };
  }
  return all;
}

export function holds(ranges: readonly LineRange[], line: number): boolean {
  return ranges.some(({ startLine, endLine }) => line >= startLine && line <= endLine);
}

/** Whether all lines of one excerpt are in another one of the same file. */
export function isInside({ ranges }: Excerpt, other: Excerpt): boolean {
  return ranges.every(({ startLine, endLine }) =>
    other.ranges.some((range) => range.startLine <= startLine && range.endLine >= endLine),
  );
}

/** The excerpt of these lines of a file. */
export function excerptOf(path: string, lines: readonly string[], ranges: readonly LineRange[]): Excerpt {
  const kept = joined(ranges);
  const text = kept.map(({ startLine, endLine }) => lines.slice(startLine - 1, endLine).join('\n')).join('\n');
  return { path, ranges: kept, text };
}

/** Where an excerpt comes from, as results name it. */
export interface Source extends LineRange {
  readonly path: string;
}

export function sourcesOf(excerpts: readonly Excerpt[]): Source[] {
  return excerpts.flatMap(({ path, ranges }) => ranges.map((range) => ({ path, ...range })));
}
