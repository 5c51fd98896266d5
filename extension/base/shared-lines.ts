/** What two texts of code have in common, line by line. Pure. */

/** How much of some code a text has: between 0 and 1. */
export function sharedLines(text: string, code: string): number {
  const lines = new Set(text.split('\n').map((line) => line.trim()));
  const wanted = code
    .split('\n')
    .map((line) => line.trim())
    .filter(isTelling);
  return wanted.length === 0 ? 0 : wanted.filter((line) => lines.has(line)).length / wanted.length;
}

/** A bracket says nothing about a place. */
export function isTelling(line: string): boolean {
  return line.length > 2 && /[\p{L}\p{N}]/u.test(line);
}
