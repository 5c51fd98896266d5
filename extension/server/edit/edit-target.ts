/** What an edit replaces. */
import type { EditParams } from '../../protocol/server.ts';
import { EngineError } from '../engine/errors.ts';
import type { SyntaxFault } from '../syntax/nodes.ts';
import type { Syntax } from '../syntax/syntax.ts';

export interface EditTarget {
  readonly start: number;
  readonly end: number;
  readonly before: string;
  readonly selection: string;
  readonly after: string;
  /** What a parser finds wrong before the edit; undefined when no grammar knows the language. */
  readonly faults: readonly SyntaxFault[] | undefined;
}

/** More text than this around the selection is not parsed. */
const mostParsed = 300_000;

/**
 * The whole pieces of code that the selection cuts, or the function around the cursor; for tests the position where
 * they go. Throws `invalidArgument` when there is nothing to change.
 */
export async function findTarget(syntax: Syntax, params: EditParams): Promise<EditTarget> {
  const { text, languageId, kind } = params;
  const start = Math.min(params.start, text.length);
  const end = Math.min(Math.max(params.end, start), text.length);
  if (start < end && text.slice(start, end).trim() === '') {
    throw new EngineError('invalidArgument', 'Nothing is selected. Select the code to change.');
  }
  if (kind === 'tests') {
    const faults = text.length <= mostParsed ? await syntax.faults(languageId, text) : undefined;
    return { start, end: start, before: text.slice(0, start), selection: '', after: text.slice(start), faults };
  }
  const found = text.length <= mostParsed ? await syntax.look(languageId, text, { start, end }) : undefined;
  const span = found?.span ?? (start < end ? { start, end } : lineAt(text, start));
  const { start: from, end: to } = span;
  const faults = found?.faults;
  return {
    start: from,
    end: to,
    before: text.slice(0, from),
    selection: text.slice(from, to),
    after: text.slice(to),
    faults,
  };
}

function lineAt(text: string, offset: number): { readonly start: number; readonly end: number } {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const line = text.slice(start, end < 0 ? text.length : end).replace(/\r$/u, '');
  if (line.trim() === '') {
    throw new EngineError('invalidArgument', 'There is no code at the cursor. Select the code to change.');
  }
  return { start: start + (line.length - line.trimStart().length), end: start + line.trimEnd().length };
}
