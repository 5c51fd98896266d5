/** Where in a text a completion stands: what its line and its neighbours say about how far it should go. */
import { codeCharacters } from './lexer.ts';

export interface Place {
  readonly languageId: string;
  /** The cursor's line before and after the cursor. */
  readonly head: string;
  readonly tail: string;
  /** The nearest line above that is not blank. */
  readonly above: string;
  /** The next lines below that are not blank; two at most. */
  readonly below: readonly string[];
}

/** Texts have LF line ends. */
export function placeOf(prefix: string, suffix: string, languageId: string): Place {
  const before = prefix.split('\n');
  const after = suffix.split('\n');
  const head = before.pop() ?? '';
  const tail = after.shift() ?? '';
  const isNotBlank = (line: string): boolean => line.trim() !== '';
  return {
    languageId,
    head,
    tail,
    above: before.findLast(isNotBlank) ?? '',
    below: firstTwo(after.filter(isNotBlank)),
  };
}

function firstTwo(lines: readonly string[]): readonly string[] {
  return lines.slice(0, 2);
}

export function indentOf(line: string): string {
  return line.slice(0, line.length - line.trimStart().length);
}

/** Columns, a tab counted as four. */
export function columnsOf(line: string): number {
  return indentOf(line).replaceAll('\t', '    ').length;
}

/** Whether code stands behind the cursor that the completion has to fit in front of. */
export function isInLine({ tail }: Place): boolean {
  return /[^\s)\]}>;,:"'`]/u.test(tail);
}

/** Whether a line stands behind the cursor, and nothing before it. */
export function isBeforeLine(place: Place): boolean {
  return isInLine(place) && place.head.trim() === '';
}

/** Whether a line ends with what begins a block. */
export function opensBlock(line: string, languageId: string): boolean {
  let last = '';
  for (const { char } of codeCharacters(line, languageId)) if (char.trim() !== '') last = char;
  if (last === '{') return true;
  if (indented.has(languageId)) return last === ':';
  return (
    words.has(languageId) && /\b(?:do|then|else|begin|repeat|def\b.*|module\b.*|class\b.*)\s*$/u.test(line.trimEnd())
  );
}

/** Blocks are what is indented. */
export const indented: ReadonlySet<string> = new Set(['python', 'coffeescript', 'yaml', 'nim', 'gdscript']);
const words = new Set(['ruby', 'lua', 'shellscript', 'elixir', 'julia', 'sql', 'pascal']);

const pairs: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** The closing brackets that a text still needs, the innermost last. */
export function openBrackets(text: string, languageId: string): string[] {
  const open: string[] = [];
  for (const { char } of codeCharacters(text, languageId)) {
    const closing = pairs[char];
    if (closing !== undefined) open.push(closing);
    else if (char === open.at(-1)) open.pop();
  }
  return open;
}
