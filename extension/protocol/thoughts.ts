/**
 * Where a model's thoughts end and its answer begins. A model that thinks writes `<think>...</think>` first; this is
 * the
 * only place that knows so. Pure.
 */

export interface SplitAnswer {
  /** Undefined when the text begins with no thoughts. */
  readonly thoughts: string | undefined;
  /** Whether more of the text would still be thoughts: it was cut off, stopped, or is being written. */
  readonly thinking: boolean;
  /** The rest of the text, unchanged, without the white space before it; empty while it thinks. */
  readonly answer: string;
}

/** What the template of some models begins the answer with itself; in others the model does. */
export const thoughtsStart = '<think>\n';

/** Only at the beginning: elsewhere the tags are text, as in an answer about them. */
export function splitThoughts(text: string): SplitAnswer {
  const [whole, thoughts = '', end] = /^\s*<think>(.*?)(?:(<\/think>)\s*|$)/su.exec(text) ?? [];
  if (whole === undefined) return { thoughts: undefined, thinking: false, answer: text };
  return { thoughts: thoughts.trim(), thinking: end === undefined, answer: text.slice(whole.length) };
}
