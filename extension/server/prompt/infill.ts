import type { NativeModel } from '../engine/binding.ts';

/** Control tokens of models that were trained to fill in code: before the prefix, the suffix and the answer. */
const forms = [
  ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>'],
  ['<fim_prefix>', '<fim_suffix>', '<fim_middle>'],
] as const;

/** Asks for the code between two others. Undefined when the model was not trained for it. */
export function buildInfillPrompt(
  model: Pick<NativeModel, 'tokenId' | 'tokenize'>,
  before: string,
  after: string,
): Int32Array | undefined {
  for (const form of forms) {
    const [prefix, suffix, middle] = form.map((token) => model.tokenId(token));
    if (prefix === undefined || suffix === undefined || middle === undefined) continue;
    return Int32Array.from([prefix, ...model.tokenize(before, false), suffix, ...model.tokenize(after, false), middle]);
  }
  return undefined;
}
