/** From the start of the first line to the end of the last one, its line end included. Pure. */
export function wholeLines(text: string, start: number, end: number): [number, number] {
  const from = start === 0 ? 0 : text.lastIndexOf('\n', start - 1) + 1;
  if (end > start && text[end - 1] === '\n') return [from, end];
  const next = text.indexOf('\n', end);
  return [from, next < 0 ? text.length : next + 1];
}
