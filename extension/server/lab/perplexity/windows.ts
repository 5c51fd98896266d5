/**
 * Perplexity of a text in llama.cpp's definition: whole windows of n tokens, the first token of each replaced by bos
 * where the model wants one, a fresh context for each, and only the second half scored.
 */

/** Whole windows of the text; the rest of it is dropped. */
export function cutWindows(ids: Int32Array, window: number, bos: number | undefined): Int32Array[] {
  return Array.from({ length: Math.floor(ids.length / window) }, (_, index) => {
    const cut = ids.slice(index * window, (index + 1) * window);
    if (bos !== undefined) {
      cut[0] = bos;
    }
    return cut;
  });
}

/** The last position whose token only gives context: what is predicted from it is the first to count. */
export function lastUnscored(window: number): number {
  return Math.floor(window / 2);
}

/** Perplexity with its standard error, from negative log-likelihoods in nats. */
export function summarizePerplexity(nll: readonly number[]): {
  perplexity: number;
  stderr: number;
  tokens: number;
} {
  const { value, error } = meanWithError(nll);
  const perplexity = Math.exp(value);
  return { perplexity, stderr: error * perplexity, tokens: nll.length };
}

export interface Estimate {
  readonly value: number;
  /** Standard error, as if the tokens were independent. */
  readonly error: number;
}

export function meanWithError(values: readonly number[]): Estimate {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const square = values.reduce((sum, value) => sum + value * value, 0) / count;
  return { value: mean, error: Math.sqrt(Math.max(0, square - mean * mean) / Math.max(1, count - 1)) };
}
