import type { EditDiagnostic } from '../../protocol/server.ts';
import { toLf } from './code-block.ts';
import type { CodeInPlace } from './edit-reply.ts';

/** A diagnostic in words. Quotes its line, because small models do not count lines. */
export function describeProblem(
  { before, selection }: Pick<CodeInPlace, 'before' | 'selection'>,
  { line, message, related = [] }: EditDiagnostic,
): string {
  const firstLine = toLf(before).split('\n').length;
  const source = toLf(selection).split('\n')[line - firstLine]?.trim() ?? '';
  const where = source === '' ? '' : `in the line \`${source}\`: `;
  const places = related.map((place) => ` (${place.path}, line ${place.line}: ${place.message.trim()})`);
  return `${where}${message.trim()}${places.join('')}`;
}
