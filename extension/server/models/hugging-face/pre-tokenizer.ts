import { quoted } from './json-file.ts';
import type { JsonFile } from './json-file.ts';

/**
 * How text is split before merging: what tokenizer.ggml.pre calls it. Throws `unsupportedModel` with what was found.
 */
export function findPreTokenizer(file: JsonFile): string {
  const parts = describe(file, file.root['pre_tokenizer']);
  const name = known.get(parts.join(' + '));
  if (name === undefined) {
    throw file.unsupported(
      `its pre_tokenizer is not known here: ${parts.length === 0 ? 'none' : parts.join(' + ')}. Known are those of ${[...known.values()].join(', ')}`,
    );
  }
  return name;
}

const contractions = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+`;
const rest = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const known: ReadonlyMap<string, string> = new Map([
  ['ByteLevel with its pattern', 'gpt-2'],
  ['Digits one by one + ByteLevel with its pattern', 'smollm'],
  [`Split at ${quoted(String.raw`${contractions}|\p{N}|${rest}`)} + ByteLevel`, 'qwen2'],
  [`Split at ${quoted(String.raw`${contractions}|\p{N}{1,3}|${rest}`)} + ByteLevel`, 'llama-bpe'],
]);

/** A text for each step, one text for each behaviour. */
function describe(file: JsonFile, value: unknown): string[] {
  if (value === null || value === undefined) {
    return [];
  }
  const step = file.object(value, 'pre_tokenizer');
  const { type } = step;
  if (type === 'Sequence') {
    return file
      .list(step['pretokenizers'], 'pre_tokenizer.pretokenizers')
      .slice(0, 10)
      .flatMap((part) => (isSequence(part) ? ['Sequence'] : describe(file, part)));
  }
  if (type === 'ByteLevel') {
    const prefix = step['add_prefix_space'] === true ? ' after a space' : '';
    return [`ByteLevel${step['use_regex'] === false ? '' : ' with its pattern'}${prefix}`];
  }
  if (type === 'Digits') {
    return [step['individual_digits'] === true ? 'Digits one by one' : 'Digits together'];
  }
  if (type === 'Split') {
    const pattern = file.object(step['pattern'], 'pre_tokenizer.pattern');
    const how =
      step['behavior'] === 'Isolated' && step['invert'] !== true ? 'Split' : `Split (${quoted(step['behavior'])})`;
    return [`${how} at ${quoted(pattern['Regex'] ?? pattern['String'])}`];
  }
  return [quoted(type)];
}

/** One in another has no use, and a thousand of them would end this program. */
function isSequence(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Sequence';
}
