import { fenceFor } from '../../base/fences.ts';
import type { CodeContext } from '../../protocol/server.ts';

export function codeBlock(text: string, languageId: string, fence = fenceFor([text], languageId)): string {
  return `${fence}${languageId}\n${withoutLastNewline(toLf(text))}\n${fence}`;
}

/** One attachment as the model reads it: where it is from, then the code. */
export function attachmentBlock(code: CodeContext): string {
  return `${describeCode(code)}:\n${codeBlock(code.text, code.languageId)}`;
}

/** E.g. `src/a.ts, lines 3-9`. */
export function describeCode({ path, startLine, endLine }: CodeContext): string {
  const name = path.replace(/\s+/gu, ' ');
  if (startLine === undefined) {
    return name;
  }
  return endLine === undefined || endLine === startLine
    ? `${name}, line ${startLine}`
    : `${name}, lines ${startLine}-${endLine}`;
}

/** Converts line ends to `\n`, as in training data. */
export function toLf(text: string): string {
  return text.replace(/\r\n?/gu, '\n');
}

function withoutLastNewline(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}
