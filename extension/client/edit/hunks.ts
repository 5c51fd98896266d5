/**
 * The differences between two texts in whole lines, and how a change of one is carried over to the other. Pure.
 *
 * A proposal is two texts: `base`, what is in the document now, and `proposed`. Hunks are derived from them and have no
 * state of their own: accepting one changes `base`, rejecting one changes `proposed`.
 */
import { diffArrays } from 'diff';

/** Lines with their line ends. */
export interface Hunk {
  /** Offsets of the lines in `base`. */
  readonly start: number;
  readonly end: number;
  /** Offset in `proposed` of what replaces them. */
  readonly proposedStart: number;
  readonly text: string;
}

export interface Versions {
  readonly base: string;
  readonly proposed: string;
}

export function hunksOf({ base, proposed }: Versions): Hunk[] {
  const hunks: { start: number; end: number; proposedStart: number; text: string }[] = [];
  const [oldLines, newLines] = [linesOf(base), linesOf(proposed)];
  let [at, proposedAt] = [0, 0];
  let open: (typeof hunks)[number] | undefined;
  // Not a limit of time: the same texts must always have the same hunks.
  const parts = diffArrays(oldLines, newLines, { maxEditLength: mostEdits }) ?? oneChange(oldLines, newLines);
  for (const { added, removed, value } of parts) {
    const text = value.join('');
    if (!added && !removed) {
      open = undefined;
      at += text.length;
      proposedAt += text.length;
      continue;
    }
    if (open === undefined) {
      open = { start: at, end: at, proposedStart: proposedAt, text: '' };
      hunks.push(open);
    }
    if (removed) {
      at += text.length;
      open.end = at;
    } else {
      proposedAt += text.length;
      open.text += text;
    }
  }
  return hunks;
}

/** The search takes time by the square of the lines that differ. Texts that differ in more lines are one hunk. */
const mostEdits = 600;

/** All that is between the first lines and the last ones that both have. */
function oneChange(oldLines: readonly string[], newLines: readonly string[]) {
  const most = Math.min(oldLines.length, newLines.length);
  let head = 0;
  while (head < most && oldLines[head] === newLines[head]) head += 1;
  let tail = 0;
  while (tail < most - head && oldLines.at(-1 - tail) === newLines.at(-1 - tail)) tail += 1;
  const part = (value: readonly string[], added: boolean, removed: boolean) => ({ value, added, removed });
  return [
    part(oldLines.slice(0, head), false, false),
    part(oldLines.slice(head, oldLines.length - tail), false, true),
    part(newLines.slice(head, newLines.length - tail), true, false),
    part(oldLines.slice(oldLines.length - tail), false, false),
  ].filter(({ value }) => value.length > 0);
}

/** `base` with a hunk written into it. */
export function acceptHunk({ base, proposed }: Versions, hunk: Hunk): Versions {
  return { base: base.slice(0, hunk.start) + hunk.text + base.slice(hunk.end), proposed };
}

/** `proposed` with the old lines in place of a hunk. */
export function rejectHunk({ base, proposed }: Versions, { start, end, proposedStart, text }: Hunk): Versions {
  const old = base.slice(start, end);
  return { base, proposed: proposed.slice(0, proposedStart) + old + proposed.slice(proposedStart + text.length) };
}

/** A replacement in a document, as VS Code reports it. */
export interface TextChange {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

/** Two versions of a part of a document that begins at `start`. */
export interface PlacedVersions extends Versions {
  readonly start: number;
}

/**
 * The versions after a change of the document. Undefined when the change touches lines that a hunk replaces: what is
 * proposed for them no longer fits.
 */
export function followChange(placed: PlacedVersions, { offset, length, text }: TextChange): PlacedVersions | undefined {
  const { start, base, proposed } = placed;
  const [from, to] = [offset - start, offset - start + length];
  if (to < 0 || (to === 0 && (length > 0 || from < 0))) return { ...placed, start: start + text.length - length };
  if (from >= base.length && base.length > 0) return from === base.length && !endsLine(base) ? undefined : placed;
  if (from < 0 || to > base.length) return undefined;
  const shift = shiftAt(hunksOf(placed), from, to);
  if (shift === undefined) return undefined;
  return {
    start,
    base: splice(base, from, to, text),
    proposed: splice(proposed, from + shift, to + shift, text),
  };
}

/** How far a range of `base` that no hunk touches is moved in `proposed`; undefined when one touches it. */
function shiftAt(hunks: readonly Hunk[], from: number, to: number): number | undefined {
  let shift = 0;
  for (const { start, end, text } of hunks) {
    // Directly behind the old lines, or before the line with which they begin, is outside.
    if (from >= end && (from > start || end > start)) {
      shift += text.length - (end - start);
    } else if (to >= start) {
      return undefined;
    }
  }
  return shift;
}

function splice(text: string, from: number, to: number, insert: string): string {
  return text.slice(0, from) + insert + text.slice(to);
}

function endsLine(text: string): boolean {
  return text.endsWith('\n');
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/gu) ?? [];
}
