/**
 * How far a completion goes: one statement or its block, never into what stands behind it already. A model goes on for
 * as long as it is let; what a user can judge at a glance is one step.
 */
import { codeCharacters } from './lexer.ts';
import { columnsOf, indented, isInLine, openBrackets, opensBlock } from './place.ts';
import type { Place } from './place.ts';

/** Where the completion ends in `text`. Undefined while what comes next may belong to it: never with all of it. */
export function extentOf(place: Place, text: string, isAll: boolean): number | undefined {
  const own = ownExtent(place, text);
  const joined = rejoins(place, text, isAll);
  if (own === undefined && joined === undefined) return isAll ? text.length : undefined;
  // What the model wrote last may be a part of the line that stands below.
  if (joined === undefined && !isAll && own !== undefined && mayRejoin(place, text.slice(0, own))) return undefined;
  return Math.min(own ?? text.length, joined ?? text.length);
}

function ownExtent(place: Place, text: string): number | undefined {
  if (isInLine(place)) return inLineEnd(place, text);
  const { head, above, languageId } = place;
  const [firstLine = ''] = text.split('\n', 1);
  if (head.trim() !== '') {
    if (firstLine.trim() !== '' || !text.includes('\n')) return statementEnd(place, text, head);
    // The line was whole already: it goes on below.
    const rest = text.slice(firstLine.length + 1);
    const end = opensBlock(head, languageId)
      ? blockEnd(place, rest, columnsOf(head), '')
      : statementEnd(place, rest, '');
    return end === undefined ? undefined : end + firstLine.length + 1;
  }
  if (opensBlock(above, languageId)) return blockEnd(place, text, columnsOf(above), head);
  return statementEnd(place, text, head);
}

/** The end of what fits in front of the rest of the line. */
function inLineEnd(place: Place, text: string): number | undefined {
  const rest = place.tail.trim();
  const ends = [
    statementEnd(place, text, place.head),
    found(text, '\n'),
    rest.length > 2 ? found(text, rest) : undefined,
  ];
  const known = ends.filter((end) => end !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function found(text: string, part: string): number | undefined {
  const index = text.indexOf(part);
  return index < 0 ? undefined : index;
}

/** The end of the first statement of `text`, which begins behind `head`; with its block, unless that stands below. */
function statementEnd(place: Place, text: string, head: string): number | undefined {
  const { languageId, below, tail } = place;
  const open = openBrackets(head, languageId);
  const own = open.length;
  const hasBody = columnsOf(below[0] ?? '') > columnsOf(head.trim() === '' ? head + text : head);
  const next = (tail.trim() === '' ? (below[0] ?? '') : tail).trim();
  // What stands below with less indentation closes a block around the line, and nothing that the line has opened.
  const closesMore = tail.trim() === '' && columnsOf(below[0] ?? '') < columnsOf(head);
  for (const { index, char } of codeCharacters(text, languageId)) {
    if (char === '(' || char === '[') open.push(char === '(' ? ')' : ']');
    if (char === '{') {
      if (hasBody && open.length <= own && /^[^\S\n]*(?:\n|$)/u.test(text.slice(index + 1))) return index + 1;
      open.push('}');
    }
    if (char === ')' || char === ']' || char === '}') {
      if (open.at(-1) === char && (open.length > own || !next.startsWith(char) || closesMore)) open.pop();
      else if (next.startsWith(char)) return trimmedEnd(text, index, char);
    }
    if (char !== '\n' || open.length > 0 || text.slice(0, index).trim() === '') continue;
    const line = text.slice(text.lastIndexOf('\n', index - 1) + 1, index);
    if (indented.has(languageId) && opensBlock(line, languageId)) {
      if (hasBody) return index;
      const end = blockEnd(place, text.slice(index + 1), columnsOf(index === line.length ? head + line : line), '');
      return end === undefined ? undefined : end + index + 1;
    }
    const rest = text.slice(index + 1);
    // A bracket that nothing below closes is closed here.
    const closing = rest.trimStart()[0] ?? '';
    if (/[)\]]/u.test(closing) && !next.startsWith(closing)) continue;
    const goesOn = continues(line, rest, languageId);
    if (goesOn === undefined) return undefined;
    if (!goesOn) return index;
  }
  return undefined;
}

/** A bracket on a line of its own is left out with its line. */
function trimmedEnd(text: string, index: number, char: string): number {
  const lineStart = text.lastIndexOf('\n', index) + 1;
  return char === '}' && lineStart > 0 && text.slice(lineStart, index).trim() === '' ? lineStart - 1 : index;
}

/** What may begin a line that belongs to the one above. */
const goingOn = ['.a', '?.', '&&', '||', 'else ', 'catch ', 'finally ', '} else ', '} catch ', '} finally '];

/** Whether a statement goes on below its line. Undefined when too little of the rest is known. */
function continues(line: string, rest: string, languageId: string): boolean | undefined {
  if (/(?:[,\\=+*/%&|^?]|&&|\|\||=>|->)\s*$/u.test(line) && !/(?:\+\+|--|\*\/)\s*$/u.test(line)) return true;
  // Here the line says it all, and no token more is waited for.
  if (indented.has(languageId) || /;\s*$/u.test(line)) return false;
  const next = rest.trimStart();
  if (next === '') return undefined;
  if (!next.includes('\n') && goingOn.some((word) => word !== next && word.startsWith(next))) return undefined;
  if (/^(?:\?\.|\.[\p{L}_]|&&|\|\||\{)/u.test(next)) return true;
  return /^\}?\s*(?:else|catch|finally|elsif|rescue|ensure)\b/u.test(next) && /\}\s*$/u.test(line);
}

/**
 * The end of a block whose first line of `text` stands behind `indent`: before the first line that is indented no more
 * than the block's opening line, or behind that when it closes the block and nothing below does.
 */
function blockEnd({ below }: Place, text: string, opening: number, indent: string): number | undefined {
  let start = 0;
  let blank = 0;
  for (const line of text.split('\n')) {
    const whole = start === 0 ? indent + line : line;
    const isLast = start + line.length >= text.length;
    if (line.trim() === '') blank = isLast ? blank : blank + 1;
    else {
      if (blank > 1 && start > 0) return endBefore(text, start);
      blank = 0;
      if (columnsOf(whole) <= opening && start > 0) {
        const closes = /^\s*(?:[)\]}]|end\b|fi\b|done\b)/u.test(line);
        if (!closes || below[0]?.trim().startsWith(line.trim()[0] ?? '') === true) return endBefore(text, start);
        return isLast ? undefined : start + line.length;
      }
    }
    start += line.length + 1;
  }
  return undefined;
}

/** Without the line break and the blank lines before this place. */
function endBefore(text: string, start: number): number {
  return text.slice(0, start).trimEnd().length;
}

/** A line that says so much is enough to know that the model writes what stands below. */
const tellingLine = 12;

/** Where `text` begins to repeat what stands below. */
function rejoins({ head, below }: Place, text: string, isAll: boolean): number | undefined {
  const [first = '', second] = below.map((line) => line.trimEnd());
  if (first.trim() === '') return undefined;
  const lines = text.split('\n');
  let start = 0;
  for (const [number, line] of lines.entries()) {
    const isWhole = isAll || number + 1 < lines.length;
    const whole = number === 0 ? head + line : line;
    const hasOwnLine = number > 0 || head.trim() === '';
    if (hasOwnLine && isWhole && isSame(whole, first) && isConfirmed(lines, number, first, second, isAll)) {
      return number === 0 ? 0 : endBefore(text, start);
    }
    start += line.length + 1;
  }
  return undefined;
}

function isSame(line: string, other: string): boolean {
  return /\w/u.test(other) ? line.trim() === other.trim() : line.trimEnd() === other;
}

function isConfirmed(
  lines: readonly string[],
  number: number,
  first: string,
  second: string | undefined,
  isAll: boolean,
): boolean {
  if (first.trim().length >= tellingLine || second === undefined) return true;
  const next = lines.slice(number + 1).find((line) => line.trim() !== '');
  if (next === undefined) return isAll;
  return second.trim().startsWith(next.trim()) || isSame(next, second);
}

/** Whether the last line is the beginning of what stands below. */
function mayRejoin({ head, below }: Place, text: string): boolean {
  const line = text.includes('\n') ? text.slice(text.lastIndexOf('\n') + 1) : head + text;
  const first = below[0]?.trim() ?? '';
  return line.trim() !== '' && text.includes('\n') && first.startsWith(line.trim()) && first !== line.trim();
}
