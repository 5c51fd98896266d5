/** Counts the tokens of a text. */
export type CountTokens = (text: string) => number;

/** The longest beginning of whole lines within `maxTokens`. */
export function headLines(text: string, maxTokens: number, count: CountTokens): string {
  const lines = text.split('\n');
  const kept = largestFitting(lines.length, (n) => count(lines.slice(0, n).join('\n')) <= maxTokens);
  return lines.slice(0, kept).join('\n');
}

/** The longest end of whole lines within `maxTokens`. */
export function tailLines(text: string, maxTokens: number, count: CountTokens): string {
  const lines = text.split('\n');
  const kept = largestFitting(lines.length, (n) => count(lines.slice(lines.length - n).join('\n')) <= maxTokens);
  return lines.slice(lines.length - kept).join('\n');
}

/** The largest n in 0..limit that fits, where every smaller one fits as well. */
function largestFitting(limit: number, fits: (n: number) => boolean): number {
  let low = 0;
  let high = limit;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
