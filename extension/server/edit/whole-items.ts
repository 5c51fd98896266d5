/** What can be kept of code that was cut off. */
import type { Syntax } from '../syntax/syntax.ts';

/** So many lines, and then so many declarations or statements at the end are given up: a parser runs for each. */
const mostDroppedLines = 4;
const mostDroppedItems = 3;

/**
 * The longest beginning that ends with a whole line or with a whole declaration or statement, is free of faults, and
 * has more than imports; empty when there is none, or no grammar.
 */
export async function wholeItems(syntax: Syntax, languageId: string, code: string): Promise<string> {
  const items = (await syntax.outline(languageId, code))?.items ?? [];
  const ends = items.slice(0, -1).map(({ end }) => end);
  for (const end of [
    ...lineEnds(code).slice(-mostDroppedLines).reverse(),
    ...ends.slice(-mostDroppedItems).reverse(),
  ]) {
    const kept = code.slice(0, end).trimEnd();
    // A parser may take a head without a body.
    if (/[:{([,]$/u.test(kept)) continue;
    const outline = await syntax.outline(languageId, kept);
    const hasCode = outline?.items.some(({ kind }) => kind !== 'import') === true;
    if (hasCode && outline.faults.length === 0) return kept;
  }
  return '';
}

function lineEnds(text: string): number[] {
  return [...text.matchAll(/\n/gu)].map(({ index }) => index);
}
