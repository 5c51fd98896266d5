/** Where a proposed edit goes when the document may have changed since it was asked for. Pure. */

/** The document around the selection, as it was when the edit was asked for. */
export interface Surroundings {
  readonly before: string;
  readonly after: string;
}

/** Characters on each side that tell one blank place from another. */
const neighbours = 200;

/**
 * The offset at which `selection` stands now: where it was, or the only other place. Undefined when it has changed
 * or is not unique: then nothing may be written.
 */
export function relocate(
  text: string,
  offset: number,
  selection: string,
  { before, after }: Surroundings,
): number | undefined {
  if (selection.trim() !== '') return findUnique(text, offset, selection);
  // Blank text stands in many places, so its neighbours must be there too.
  if (before === '' && after === '') return text === selection ? 0 : undefined;
  const head = before.slice(-neighbours);
  const found = findUnique(text, offset - head.length, head + selection + after.slice(0, neighbours));
  return found === undefined ? undefined : found + head.length;
}

function findUnique(text: string, offset: number, wanted: string): number | undefined {
  if (text.startsWith(wanted, offset)) return offset;
  const first = text.indexOf(wanted);
  return first < 0 || text.includes(wanted, first + 1) ? undefined : first;
}
