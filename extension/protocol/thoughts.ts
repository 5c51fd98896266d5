/**
 * Splits a model's thoughts from its answer. A thinking model writes `<think>...</think>` first; only this module knows
 * the tags. Pure.
 */

export interface SplitAnswer {
  /** Undefined when the text does not begin with thoughts. */
  readonly thoughts: string | undefined;
  /** Whether the thoughts have no end tag: the text was cut off, stopped, or is still streaming. */
  readonly thinking: boolean;
  /** The rest of the text, unchanged, without the white space before it; empty while it thinks. */
  readonly answer: string;
}

/** Some templates begin the answer with this tag; in other models the model writes it. */
export const thoughtsStart = '<think>\n';

/** Only at the beginning. Elsewhere the tags are plain text, as in an answer about them. */
export function splitThoughts(text: string): SplitAnswer {
  const [whole, thoughts = '', end] = /^\s*<think>(.*?)(?:(<\/think>)\s*|$)/su.exec(text) ?? [];
  if (whole === undefined) return { thoughts: undefined, thinking: false, answer: text };
  return { thoughts: thoughts.trim(), thinking: end === undefined, answer: text.slice(whole.length) };
}
