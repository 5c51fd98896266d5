/** What the proposed document shows while the new text still streams in. Pure. */
import { extractCode } from '../../base/fences.ts';

/**
 * The selection as it is being rewritten: the new lines that are complete, then the old ones not reached yet. So
 * the diff grows line by line instead of showing everything below as deleted.
 */
export function previewText(selection: string, streamed: string, eol: '\n' | '\r\n'): string {
  const text = streamed.replaceAll('\r\n', '\n');
  const complete = text.slice(0, Math.max(0, text.lastIndexOf('\n')));
  const code = extractCode(complete, '```', selection);
  const lines = code === '' ? [] : code.split('\n');
  return [...lines, ...selection.split(/\r?\n/).slice(lines.length)].join(eol);
}
