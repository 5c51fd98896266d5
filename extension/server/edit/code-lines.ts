/** Which lines of some code may hold a bug that is worth looking for. */
import type { Outline } from '../syntax/parsers.ts';
import { linesOf } from './keep-code.ts';

/** Whether a line, from 0, is a statement: no comment, no bracket alone, and nothing that others rely on. */
export function statementLines(text: string, outline: Outline | undefined): (line: number) => boolean {
  const lines = linesOf({ text, comments: outline?.comments ?? [] }).map(({ code }) => code.trim());
  const declared = outline?.declarations ?? [];
  return (line) => {
    const code = lines[line] ?? '';
    if (declared.some(({ firstLine, lastLine }) => line >= firstLine && line <= lastLine)) return false;
    return /[\p{L}\p{N}]/u.test(code) && !closing.test(code) && !declaration.test(code) && !comment.test(code);
  };
}

const closing = /^(?:else:?|end|fi|done|try:?|finally:?|\}\s*else\s*\{)$/u;
const declaration =
  /^(?:(?:export|public|private|protected|internal|static|async|pub|abstract|final)\s+)*(?:def|class|import|from|using|use|package|func|fn|function|interface|struct|enum|impl|trait|namespace|module|public|private|protected|#include)\b/u;
/** For languages without a grammar. */
const comment = /^(?:#|\/\/|\/\*|\*|--|"""|''')/u;
