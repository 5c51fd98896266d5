/**
 * Takes from a changed text its comments only. Lines of code are compared without their comments; a line of code that
 * the change has touched comes from the old text, byte for byte.
 */
import { diffArrays } from 'diff';
import type { Span } from '../syntax/nodes.ts';

export interface CommentedText {
  readonly text: string;
  readonly comments: readonly Span[];
}

export interface KeptCode {
  /** The old text with the comments of the new one. */
  readonly text: string;
  /** Places where the new text changes code, and is not followed. */
  readonly dropped: number;
}

export function keepCode(before: CommentedText, after: CommentedText): KeptCode {
  const [old, changed] = [linesOf(before), linesOf(after)];
  const result: string[] = [];
  let dropped = 0;
  let [oldGap, newGap]: [Line[], Line[]] = [[], []];
  const closeGap = (): void => {
    const touchesCode = [...oldGap, ...newGap].some(({ code }) => code !== '');
    if (touchesCode) dropped += 1;
    result.push(...(touchesCode ? withOldCode(oldGap, newGap) : newGap).map(({ text }) => text));
    [oldGap, newGap] = [[], []];
  };
  let [oldAt, newAt] = [0, 0];
  // Lines without code are no anchors: a blank line would match any other.
  const [oldCode, newCode] = [old, changed].map((lines) => lines.filter(({ code }) => code !== ''));
  const keys = (lines: readonly Line[] | undefined): string[] => (lines ?? []).map(({ code }) => code);
  let [oldIndex, newIndex] = [0, 0];
  for (const { added, removed, count } of diffArrays(keys(oldCode), keys(newCode))) {
    if (removed || added) {
      if (removed) oldIndex += count;
      else newIndex += count;
      continue;
    }
    for (let n = 0; n < count; n += 1) {
      const [oldLine, newLine] = [oldCode?.[oldIndex++], newCode?.[newIndex++]];
      if (oldLine === undefined || newLine === undefined) break;
      oldGap.push(...old.slice(oldAt, oldLine.index));
      newGap.push(...changed.slice(newAt, newLine.index));
      [oldAt, newAt] = [oldLine.index + 1, newLine.index + 1];
      closeGap();
      result.push(newLine.text);
    }
  }
  oldGap.push(...old.slice(oldAt));
  newGap.push(...changed.slice(newAt));
  closeGap();
  return { text: result.join(''), dropped };
}

/** Whether two texts differ in comments and blank lines only. */
export function isSameCode(before: CommentedText, after: CommentedText): boolean {
  const [old, changed] = [before, after].map((text) =>
    linesOf(text)
      .map(({ code }) => code)
      .filter((code) => code !== '')
      .join('\n'),
  );
  return old === changed;
}

export interface Line {
  readonly index: number;
  /** With its line end. */
  readonly text: string;
  /** What is left without comments, blanks at its end and the line end. */
  readonly code: string;
}

/** Each line, and what is left of it without its comments. */
export function linesOf({ text, comments }: CommentedText): Line[] {
  let code = '';
  let at = 0;
  // Line ends within comments stay, so that both texts have the same lines.
  for (const { start, end } of comments) {
    code += text.slice(at, start) + text.slice(start, end).replaceAll(/[^\n]+/gu, '');
    at = end;
  }
  code += text.slice(at);
  const codes = code.split('\n');
  return text.split(/(?<=\n)/u).map((line, index) => ({ index, text: line, code: (codes[index] ?? '').trimEnd() }));
}

/** The old lines, with the comments around the new code in place of theirs. Code that is only added has none. */
function withOldCode(old: readonly Line[], changed: readonly Line[]): readonly Line[] {
  const [first, last] = codeRange(changed);
  const [oldFirst, oldLast] = codeRange(old);
  const replaces = oldFirst < oldLast && first < last;
  const above = commentsOr(changed.slice(0, first), old.slice(0, oldFirst));
  const below = replaces ? commentsOr(changed.slice(last), old.slice(oldLast)) : old.slice(oldLast);
  return [...above, ...old.slice(oldFirst, oldLast), ...below];
}

function commentsOr(comments: readonly Line[], old: readonly Line[]): readonly Line[] {
  return comments.some(({ text }) => text.trim() !== '') ? comments : old;
}

/** From the first line with code up to the end of the last one. */
function codeRange(lines: readonly Line[]): readonly [from: number, to: number] {
  const first = lines.findIndex(({ code }) => code !== '');
  return first < 0 ? [lines.length, lines.length] : [first, lines.findLastIndex(({ code }) => code !== '') + 1];
}
