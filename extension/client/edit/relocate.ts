/** Where a proposed edit goes when the document may have changed since it was asked for. Pure. */

/**
 * The offset at which `wanted` stands now: where it was, or the only other place. Undefined when it has changed or is
 * not unique, and when it is blank and not where it was: blank text stands in many places. Then nothing may be written.
 */
export function relocate(text: string, offset: number, wanted: string): number | undefined {
  if (text.startsWith(wanted, offset) && offset <= text.length) return offset;
  if (wanted.trim() === '') return undefined;
  const first = text.indexOf(wanted);
  return first < 0 || text.includes(wanted, first + 1) ? undefined : first;
}
