/** The characters of a text that are code: not in strings, not in comments. As exact as completion needs it. */

export interface CodeCharacter {
  readonly index: number;
  readonly char: string;
}

const hash = new Set(
  'python ruby shellscript yaml perl r makefile dockerfile toml properties powershell elixir julia coffeescript'.split(
    ' ',
  ),
);
const dashes = new Set(['lua', 'sql', 'haskell', 'ada']);

/** What a comment to the end of the line begins with. */
export function lineComment(languageId: string): string {
  if (hash.has(languageId)) return '#';
  return dashes.has(languageId) ? '--' : '//';
}

const blockComments: Readonly<Record<string, readonly [string, string]>> = {
  css: ['/*', '*/'],
  html: ['<!--', '-->'],
  markdown: ['<!--', '-->'],
  xml: ['<!--', '-->'],
};

/** Each line of a text as a comment of its own, with a line break at the end. */
export function commented(text: string, languageId: string): string {
  const [open, close] = (Object.hasOwn(blockComments, languageId) ? blockComments[languageId] : undefined) ?? [
    lineComment(languageId),
    '',
  ];
  const lines = close === '' ? text : text.replaceAll(close, ' ');
  return lines
    .split('\n')
    .map((line) => `${`${open} ${line} ${close}`.trimEnd()}\n`)
    .join('');
}

export function* codeCharacters(text: string, languageId: string): Generator<CodeCharacter> {
  for (const { kind, start } of piecesOf(text, languageId)) {
    if (kind === 'code') yield { index: start, char: text[start] ?? '' };
  }
}

/** Whether the end of a text is in a comment. */
export function endsInComment(text: string, languageId: string): boolean {
  let last: Piece | undefined;
  for (const piece of piecesOf(text, languageId)) last = piece;
  return last?.kind === 'comment' && last.end >= text.length && !(last.isBlock && text.endsWith('*/'));
}

/** A character of code, or a whole comment or string. */
interface Piece {
  readonly kind: 'code' | 'comment' | 'string';
  readonly start: number;
  readonly end: number;
  /** A comment that has an end of its own. */
  readonly isBlock?: boolean;
}

/** A string that is open at the end of a line ends there, unless its quotes are made for several lines. */
function* piecesOf(text: string, languageId: string): Generator<Piece> {
  const comment = lineComment(languageId);
  for (let start = 0; start < text.length;) {
    const piece = commentAt(text, start, comment) ?? stringAt(text, start) ?? { kind: 'code', start, end: start + 1 };
    yield piece;
    start = piece.end;
  }
}

function commentAt(text: string, start: number, comment: string): Piece | undefined {
  if (text.startsWith(comment, start)) return { kind: 'comment', start, end: endOfLine(text, start) };
  if (comment !== '//' || !text.startsWith('/*', start)) return undefined;
  const end = text.indexOf('*/', start + 2);
  return { kind: 'comment', start, end: end < 0 ? text.length : end + 2, isBlock: true };
}

/** An apostrophe alone is code: a lifetime, or a word in a template. */
function stringAt(text: string, start: number): Piece | undefined {
  const [three, one = ''] = [text.slice(start, start + 3), text[start]];
  const quote = three === '"""' || three === "'''" ? three : one;
  if (quote.length !== 3 && one !== '"' && one !== "'" && one !== '`') return undefined;
  const end = endOfString(text, start + quote.length, quote);
  return end === undefined ? undefined : { kind: 'string', start, end };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** The place behind a string's end. Undefined when it has none in its line and needs one. */
function endOfString(text: string, from: number, quote: string): number | undefined {
  const severalLines = quote.length === 3 || quote === '`';
  const most = severalLines ? text.length : endOfLine(text, from);
  for (let index = from; index < most; index++) {
    if (text[index] === '\\') index++;
    else if (text.startsWith(quote, index)) return index + quote.length;
  }
  return severalLines ? text.length : undefined;
}
