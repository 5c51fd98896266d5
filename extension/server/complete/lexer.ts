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

/** A string that is open at the end of a line ends there, unless its quotes are made for several lines. */
export function* codeCharacters(text: string, languageId: string): Generator<CodeCharacter> {
  const comment = lineComment(languageId);
  for (let index = 0; index < text.length; index++) {
    const rest = text.slice(index, index + 3);
    if (rest.startsWith(comment)) {
      index = endOfLine(text, index) - 1;
      continue;
    }
    if (comment === '//' && rest.startsWith('/*')) {
      const end = text.indexOf('*/', index + 2);
      index = end < 0 ? text.length : end + 1;
      continue;
    }
    const char = text[index] ?? '';
    const quote = rest === '"""' || rest === "'''" ? rest : char;
    if (quote.length === 3 || char === '"' || char === "'" || char === '`') {
      const end = endOfString(text, index + quote.length, quote);
      // An apostrophe alone: a lifetime, or a word in a template.
      if (end !== undefined) {
        index = end - 1;
        continue;
      }
    }
    yield { index, char };
  }
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
