import { extractCode } from '../../base/fences.ts';
import { toLf } from './code-block.ts';
import { beforePrompt, codeLines, withoutEcho } from './echo.ts';
import type { Place } from './echo.ts';

/** How the selected text sits in its document, so that a rewrite can be put in the same place. */
export interface SelectionShape extends Place {
  /** The selected code for the model: LF line ends, common indentation removed, trimmed. */
  readonly core: string;
  readonly indent: string;
  /** The text before the selection on its first line, if it is only white space. */
  readonly firstLinePrefix: string;
  /** The selection begins in the middle of a line of code, so that its first line has no indentation. */
  readonly startsInLine: boolean;
  /** White space at both ends of the selection, kept as it is. */
  readonly leading: string;
  readonly trailing: string;
  readonly eol: '\n' | '\r\n';
  readonly indentUnit: string;
}

/** Code to change, and the document around it. */
export interface CodeInPlace {
  readonly before: string;
  readonly selection: string;
  readonly after: string;
}

/** Characters before and after the selection that are analysed. */
export const nearCharacters = 32 * 1024;

/** Analyses the selection. */
export function readShape(params: CodeInPlace): SelectionShape {
  const { selection } = params;
  const before = params.before.slice(-nearCharacters);
  const after = params.after.slice(0, nearCharacters);
  const whole = before + selection + after;
  const blankLines = /^(?:[^\S\n]*\n)*/u.exec(selection)?.[0] ?? '';
  const onLine = blankLines === '' ? lastLine(before) : '';
  const startsInLine = onLine.trim() !== '';
  const leading = startsInLine ? (/^[^\S\n]*/u.exec(selection)?.[0] ?? '') : blankLines;
  const rest = selection.slice(leading.length);
  const trailing = rest.slice(rest.trimEnd().length);
  const body = toLf(selection.slice(leading.length, selection.length - trailing.length));
  const firstLinePrefix = startsInLine ? '' : onLine;
  const lines = (firstLinePrefix + body).split('\n');
  const indent = body === '' ? firstLinePrefix : commonIndent(startsInLine ? lines.slice(1) : lines);
  const afterLf = toLf(after);
  return {
    core: body === '' ? '' : mapLines(lines, startsInLine, (line) => withoutIndent(line, indent)),
    indent,
    besideStart: startsInLine ? onLine.trim() : '',
    besideEnd: trailing.includes('\n') ? '' : (afterLf.split('\n', 1)[0] ?? '').trim(),
    firstLinePrefix,
    startsInLine,
    linesBefore: codeLines(toLf(before.slice(0, before.length - onLine.length))).slice(-maxEcho),
    linesAfter: codeLines(afterLf).slice(0, maxEcho),
    leading,
    trailing,
    eol: whole.includes('\r\n') ? '\r\n' : '\n',
    indentUnit: guessIndentUnit(toLf(whole)) ?? '    ',
  };
}

/** The text after the last line break. */
function lastLine(text: string): string {
  return text.slice(Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1);
}

/**
 * The text that replaces the selection, from what the model wrote. `fence` is the fence that was opened for it, and a
 * line with one of `phrases` ends the code. Writing the same code back gives the selection, byte for byte.
 */
export function toReplacement(
  reply: string,
  fence: string,
  shape: SelectionShape,
  phrases: readonly string[] = [],
): string {
  const own = beforePrompt(toLf(reply), shape.core, phrases);
  const code = withoutBlankEnds(extractCode(own, fence, shape.core));
  const written = withoutEcho(code.split('\n'), shape);
  if (written.join('').trim() === '') {
    return '';
  }
  const lines = inUnit(written, shape.indentUnit);
  const ownIndent = commonIndent(shape.startsInLine ? lines.slice(1) : lines);
  const placed = mapLines(lines, shape.startsInLine, (line) =>
    line.trim() === '' ? line : shape.indent + withoutIndent(line, ownIndent),
  );
  const first = shape.startsInLine ? placed.trimStart() : withoutIndent(placed, shape.firstLinePrefix);
  return shape.leading + first.replaceAll('\n', shape.eol) + shape.trailing;
}

/** Lines of the surroundings that are searched for at both ends of a rewrite. */
const maxEcho = 12;

function withoutBlankEnds(code: string): string {
  return code.replace(/^(?:[^\S\n]*\n)+/u, '').trimEnd();
}

/** White space that every line with code begins with. */
function commonIndent(lines: readonly string[]): string {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => /^[^\S\n]*/u.exec(line)?.[0] ?? '');
  return indents.reduce((common, indent) => {
    let length = 0;
    while (length < common.length && common[length] === indent[length]) {
      length += 1;
    }
    return common.slice(0, length);
  }, indents[0] ?? '');
}

function withoutIndent(line: string, indent: string): string {
  return line.startsWith(indent) ? line.slice(indent.length) : line.trimStart();
}

function mapLines(lines: readonly string[], skipFirst: boolean, change: (line: string) => string): string {
  return lines.map((line, index) => (skipFirst && index === 0 ? line : change(line))).join('\n');
}

/** One step of indentation in a text, or `undefined` when nothing is indented. */
function guessIndentUnit(text: string): string | undefined {
  const indents = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => /^[ \t]*/u.exec(line)?.[0] ?? '');
  const tabs = indents.filter((indent) => indent.startsWith('\t')).length;
  const spaces = indents.filter((indent) => indent.startsWith(' ')).length;
  if (tabs === 0 && spaces === 0) {
    return undefined;
  }
  if (tabs > spaces) {
    return '\t';
  }
  return ' '.repeat(smallestStep(indents.map((indent) => indent.length)));
}

/** The smallest growth of indentation from one line to the next; 2 at least, for comments that are off by one. */
function smallestStep(depths: readonly number[]): number {
  let step = 8;
  for (let index = 1; index < depths.length; index += 1) {
    const growth = (depths[index] ?? 0) - (depths[index - 1] ?? 0);
    if (growth >= 2) {
      step = Math.min(step, growth);
    }
  }
  return step === 8 && !depths.includes(8) ? 4 : step;
}

/** Tabs for spaces or spaces for tabs, when the reply is indented wholly in the other way. */
function inUnit(lines: readonly string[], unit: string): string[] {
  const own = guessIndentUnit(lines.join('\n'));
  if (own === undefined || own.startsWith(unit[0] ?? ' ')) {
    return [...lines];
  }
  return lines.map((line) => {
    const indent = /^[ \t]*/u.exec(line)?.[0] ?? '';
    if (own === '\t' ? indent.includes(' ') : indent.includes('\t')) {
      return line;
    }
    const steps = own === '\t' ? indent.length : Math.round(indent.length / own.length);
    return unit.repeat(steps) + line.slice(indent.length);
  });
}
