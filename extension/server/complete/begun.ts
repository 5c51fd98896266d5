/**
 * What was typed last is the beginning of the answer, not the end of what stands before it. So the prompt stays the
 * same from key to key: what stands behind the cursor is read once for some lines, and not once for each key.
 */
import type { NativeModel } from '../engine/binding.ts';
import type { Window } from './window.ts';

export interface Begun {
  /** What stands before the answer. */
  readonly before: string;
  /** The beginning of the answer, as far as its tokens do not depend on what is typed next. */
  readonly tokens: Int32Array;
  /** How many of them are whole lines, which stay as they are while the next one is typed. */
  readonly lasting: number;
  /** The rest of the beginning: the answer goes on with it. */
  readonly opening: string;
}

/**
 * Whole lines before the cursor's that belong to the answer as well: the model goes on with code rather than filling a
 * gap. Measured with Qwen2.5-Coder 0.5B on 60 single lines of HumanEval, 60 gaps within lines and 50 statements of
 * CrossCodeEval (with the similarity): the answer begins at the cursor 33, 28 and 6 (53.0); in its line 33, 29 and 5
 * (55.9); four lines above 41, 29 and 7 (62.2); eight 42, 27 and 6 (60.4); 24 44, 27 and 7 (62.7); with all that stands
 * before, so that what stands behind comes first, 44, 28 and 6 (61.4). The fewer there are, the less is read again when
 * something changes behind the cursor.
 */
const leastLines = 8;
/** Characters of the answer after which it begins anew. */
const mostBegun = 1200;

/** Where the answer in a document begins: there, while more is typed behind it. */
export class Anchor {
  #document = '';
  #before = '';
  #suffix = '';

  /** The offset in the window's prefix. */
  at(document: string, { prefix, suffix }: Window): number {
    const isSame = document === this.#document && suffix === this.#suffix && prefix.startsWith(this.#before);
    if (!isSame || prefix.length - this.#before.length > mostBegun) {
      this.#document = document;
      this.#before = prefix.slice(0, startOfLines(prefix, leastLines));
      this.#suffix = suffix;
    }
    return this.#before.length;
  }
}

/** Where the last line of a text begins, and some whole ones before it. */
function startOfLines(text: string, before: number): number {
  let start = text.length + 1;
  for (let line = 0; line <= before && start > 0; line++) start = text.lastIndexOf('\n', start - 2) + 1;
  return start;
}

/** `at`: where in the prefix the answer begins. */
export function begunOf(prefix: string, at: number, model: Pick<NativeModel, 'tokenize' | 'detokenize'>): Begun {
  const text = prefix.slice(at);
  const all = model.tokenize(text, false);
  // The last token may become a longer one.
  const { count, length } = wholeTokens(model, all, text, all.length - 1, text.length);
  const lasting = wholeTokens(model, all, text, count, text.lastIndexOf('\n') + 1);
  const tokens = all.subarray(0, count);
  return { before: prefix.slice(0, at), tokens, lasting: lasting.count, opening: text.slice(length) };
}

/** The most of the first `most` tokens that are a beginning of the text, with whole characters, up to `end`. */
function wholeTokens(
  model: Pick<NativeModel, 'detokenize'>,
  tokens: Int32Array,
  text: string,
  most: number,
  end: number,
): { readonly count: number; readonly length: number } {
  for (let count = most; count > 0; count--) {
    const part = new TextDecoder().decode(model.detokenize(tokens.subarray(0, count), false));
    if (part.length <= end && text.startsWith(part)) return { count, length: part.length };
  }
  return { count: 0, length: 0 };
}
