/** Comments such as `// ... existing code ...`, with which a model says: what is there stays. Pure. */

const longestMarker = 120;
/** Dots before two words are no comment, and no code either: `...rest` is a spread. */
const start = /^\s*(?:\/\/|#|--|\/\*|<!--|;|%|\{\/\*|(?:\.{3}|…)\s*[a-z]+ [a-z])/iu;
const onlyDots = /^\W*(?:\.{3}|…)\W*$/u;
const words =
  /\b(?:existing|unchanged|remaining|omitted|as (?:before|above)|rest of|(?:other|previous|more) (?:code|methods?|functions?|imports?|members?|parts?|fields?))\b/iu;
/** Without dots the comment must be about nothing else. */
const wordsOnly =
  /^\W*(?:the )?(?:rest of|remaining|existing|other|previous|unchanged|same)\b[\w ]{0,40}\b(?:code|file|class|functions?|methods?|imports?|unchanged|same|before|above|here)\W*$/iu;

/** `...` alone is a statement of Python. */
export function isKeepMarker(line: string): boolean {
  if (line.length > longestMarker || line.trim() === '...' || !start.test(line)) return false;
  const hasDots = line.includes('...') || line.includes('…');
  return hasDots ? onlyDots.test(line) || words.test(line) : wordsOnly.test(line);
}

export function hasKeepMarker(text: string): boolean {
  return text.split('\n').some(isKeepMarker);
}

/**
 * The new text with its markers replaced by the old lines that they stand for: those between the lines around the
 * marker. Undefined when the old text does not have these lines, or has them twice.
 */
export function fillKeepMarkers(oldText: string, newText: string): string | undefined {
  const old = oldText.split('\n');
  const lines = newText.split('\n');
  const filled: string[] = [];
  /** The old lines before it are used up. */
  let at = 0;
  for (const [index, line] of lines.entries()) {
    if (!isKeepMarker(line)) {
      filled.push(line);
      continue;
    }
    const from = endOfLead(old, at, lines.slice(0, index));
    const to = from === undefined ? undefined : startOfRest(old, from, lines.slice(index + 1));
    if (from === undefined || to === undefined) return undefined;
    filled.push(...old.slice(from, to));
    at = to;
  }
  return filled.join('\n');
}

/** Lines that tell a place from others. */
const mostAnchors = 3;

/** The first old line after the lines before a marker. */
function endOfLead(old: readonly string[], at: number, before: readonly string[]): number | undefined {
  const part = before.slice(before.findLastIndex(isKeepMarker) + 1);
  const lead = codeOf(part);
  if (lead.length === 0) return at;
  const found = findOnce(old, at, lead.slice(-mostAnchors));
  if (found !== undefined) return found.end;
  // New lines behind a known one are inserted there.
  for (const line of lead.toReversed()) {
    const known = findOnce(old, at, [line]);
    if (known !== undefined) return known.end;
    if (old.slice(at).some((other) => other.trim() === line)) return undefined;
  }
  // The only line before the first marker is the head of a function, which may have changed.
  const head = lead.length === 1 && part.length === before.length ? lead[0]?.at(-1) : undefined;
  return (head === '{' || head === ':') && old[0]?.trim().at(-1) === head ? 1 : undefined;
}

/** The first old line of those that follow a marker. */
function startOfRest(old: readonly string[], from: number, after: readonly string[]): number | undefined {
  const next = after.findIndex(isKeepMarker);
  const rest = codeOf(next < 0 ? after : after.slice(0, next));
  if (rest.length === 0) return next < 0 ? old.length : undefined;
  if (next < 0) {
    const end = endingWith(old, from, rest);
    if (end !== undefined) return end;
  }
  return (findOnce(old, from, rest.slice(0, mostAnchors)) ?? findOnce(old, from, rest.slice(0, 1)))?.start;
}

/** The first of the last lines, if the old text ends with these. */
function endingWith(old: readonly string[], from: number, rest: readonly string[]): number | undefined {
  let at = old.length;
  for (const line of rest.toReversed()) {
    do at -= 1;
    while (at >= from && old[at]?.trim() === '');
    if (at < from || old[at]?.trim() !== line) return undefined;
  }
  return at;
}

/** The only place of these lines, blank ones between them not counted. */
function findOnce(
  old: readonly string[],
  from: number,
  wanted: readonly string[],
): { readonly start: number; readonly end: number } | undefined {
  let found: { start: number; end: number } | undefined;
  for (let start = from; start < old.length; start++) {
    if (old[start]?.trim() !== wanted[0]) continue;
    const end = endOfMatch(old, start, wanted);
    if (end === undefined) continue;
    if (found !== undefined) return undefined;
    found = { start, end };
  }
  return found;
}

function endOfMatch(old: readonly string[], start: number, wanted: readonly string[]): number | undefined {
  let at = start;
  for (const line of wanted) {
    while (at < old.length && old[at]?.trim() === '') at++;
    if (old[at]?.trim() !== line) return undefined;
    at++;
  }
  return at;
}

function codeOf(lines: readonly string[]): string[] {
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}
