/** Counts the tokens of a text. */
export type CountTokens = (text: string) => number;

/** The longest beginning of whole lines within `maxTokens`. Reads little more of the text than it returns. */
export function headLines(text: string, maxTokens: number, count: CountTokens): string {
  return text.slice(
    0,
    fittingLength(linesFrom(text), maxTokens, (length) => count(text.slice(0, length))),
  );
}

/** The longest end of whole lines within `maxTokens`. Reads little more of the text than it returns. */
export function tailLines(text: string, maxTokens: number, count: CountTokens): string {
  const at = (length: number): string => text.slice(text.length - length);
  return at(fittingLength(linesFromEnd(text), maxTokens, (length) => count(at(length))));
}

/**
 * The number of tokens of a text, exact up to `most` tokens and beyond that an estimate from its beginning, so that a
 * huge text costs no more than one that just fits.
 */
export function boundedCount(text: string, most: number, count: CountTokens): number {
  const counted = charactersFor(most);
  if (text.length <= counted) {
    return count(text);
  }
  return Math.max(most + 1, Math.ceil((count(text.slice(0, counted)) / counted) * text.length));
}

/** Characters that are looked at for a number of tokens: text and code have three to five for each. */
export function charactersFor(tokens: number): number {
  return Math.max(0, tokens) * 8 + 4096;
}

/**
 * The largest of some growing lengths that fits, where every smaller one fits as well. They are tried in steps that
 * double, so that the texts that are counted have some four times the length of the result together.
 */
function fittingLength(lengths: Iterable<number>, maxTokens: number, count: (length: number) => number): number {
  const limit = charactersFor(maxTokens);
  const candidates: number[] = [0];
  for (const length of lengths) {
    if (length > limit) break;
    candidates.push(length);
  }
  const fits = (index: number): boolean => count(candidates[index] ?? 0) <= maxTokens;
  let low = 0;
  let step = 1;
  while (low + step < candidates.length && fits(low + step)) {
    low += step;
    step *= 2;
  }
  for (; step >= 1; step = Math.floor(step / 2)) {
    if (low + step < candidates.length && fits(low + step)) {
      low += step;
    }
  }
  return candidates[low] ?? 0;
}

/** Lengths of the beginnings of a text that end before a line break, and that of all. */
function* linesFrom(text: string): Generator<number> {
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) {
    yield end;
  }
  yield text.length;
}

/** Lengths of the ends of a text that begin behind a line break, and that of all. */
function* linesFromEnd(text: string): Generator<number> {
  for (let end = text.length - 1; end >= 0; end -= 1) {
    end = text.lastIndexOf('\n', end);
    if (end < 0) break;
    yield text.length - end - 1;
  }
  yield text.length;
}
