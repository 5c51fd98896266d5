/** What the proposed document shows while the new text still streams in. Pure. */

/**
 * The selection as it is being rewritten: the new lines that are complete, then the old ones not reached yet. So
 * the diff grows line by line instead of showing everything below as deleted.
 */
export function previewText(selection: string, streamed: string, eol: '\n' | '\r\n'): string {
  const lines = stripFence(streamed).split(/\r?\n/);
  // The last line is still being written.
  lines.pop();
  const old = selection.split(/\r?\n/);
  return [...lines, ...old.slice(lines.length)].join(eol);
}

/** Models like to wrap code into a Markdown fence; its lines are no code. */
function stripFence(text: string): string {
  if (!/^\s*```/.test(text)) return text;
  const start = text.indexOf('\n');
  if (start < 0) return '';
  const body = text.slice(start + 1);
  const end = body.search(/^```\s*$/m);
  return end < 0 ? body : body.slice(0, end);
}
