/** Where a proposed edit goes when the document may have changed since it was asked for. Pure. */

/**
 * The offset at which `selection` stands now: where it was, or the only other place. Undefined when it has changed
 * or is not unique: then nothing may be written.
 */
export function relocate(text: string, offset: number, selection: string): number | undefined {
  if (text.startsWith(selection, offset)) return offset;
  if (selection.trim() === '') return undefined;
  const first = text.indexOf(selection);
  if (first < 0 || text.includes(selection, first + 1)) return undefined;
  return first;
}
