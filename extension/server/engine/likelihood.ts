import type { NativeModel } from './binding.ts';
import { settle } from './generate.ts';

/** How likely a model finds a text. */
export interface Likelihood {
  /** The text's tokens. */
  readonly tokens: Int32Array;
  /** Negative log-likelihood of each, in nats. */
  readonly surprise: Float64Array;
  readonly total: number;
}

/** The likelihood of a text that follows some tokens. */
export async function likelihoodOf(
  model: NativeModel,
  context: Int32Array,
  text: string,
  signal: AbortSignal,
): Promise<Likelihood> {
  const tokens = model.tokenize(text, false);
  const ids = new Int32Array(context.length + tokens.length);
  ids.set(context);
  ids.set(tokens, context.length);
  const surprise = await settle(model.score(ids, context.length - 1), signal);
  return { tokens, surprise, total: surprise.reduce((sum, one) => sum + one, 0) };
}
