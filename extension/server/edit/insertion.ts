/** Puts new code between what stands before and after a position. */
import type { SelectionShape } from '../prompt/edit-reply.ts';

interface Position {
  readonly before: string;
  readonly after: string;
}

/**
 * The code on lines of its own, a blank line apart from what stands before it, without lines that are there already.
 */
export function spacedInsertion(code: string, { before, after }: Position, shape: SelectionShape): string {
  const { eol, firstLinePrefix, startsInLine } = shape;
  const added = withoutKnownHead(code, before);
  if (added.trim() === '') return '';
  const above = before.slice(0, before.length - firstLinePrefix.length);
  const hasCode = above.trim() !== '';
  const blankLines = startsInLine
    ? 0
    : (/(?:\r?\n[^\S\n]*)*$/u.exec(above.slice(-100))?.[0].split('\n').length ?? 1) - 1;
  const lead = hasCode ? eol.repeat(Math.max(0, 2 - blankLines)) : '';
  const trail = after === '' || /^[^\S\n]*\r?\n/u.test(after) ? (after === '' ? eol : '') : eol;
  return lead + (lead === '' ? added : firstLinePrefix + added) + trail;
}

/** Without the first lines that the document has in the same words, e.g. its imports. */
function withoutKnownHead(code: string, before: string): string {
  const known = new Set(before.split('\n').map((line) => line.trim()));
  const lines = code.split('\n');
  const start = lines.findIndex(
    (line) => line.trim() !== '' && !(known.has(line.trim()) && /[\p{L}\d]{2}/u.test(line)),
  );
  if (start < 0) return '';
  const [first = '', ...rest] = lines.slice(start);
  return [start === 0 ? first : first.trimStart(), ...rest].join('\n');
}
