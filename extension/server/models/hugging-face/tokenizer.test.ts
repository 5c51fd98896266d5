import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GgufValue } from './gguf-header.ts';
import { JsonFile } from './json-file.ts';
import { findPreTokenizer } from './pre-tokenizer.ts';
import { toyFolder, writeToyFolder } from './testing/toy-folder.ts';
import type { ToyFolder } from './testing/toy-folder.ts';
import { tokenizerMetadata } from './tokenizer.ts';

let folder = '';
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'paddock-tokenizer-'))));
afterEach(() => rm(folder, { recursive: true }));

async function metadata(change: (toy: ToyFolder) => void = () => {}): Promise<Record<string, GgufValue['value']>> {
  const toy = toyFolder();
  change(toy);
  await writeToyFolder(folder, toy);
  const config = new JsonFile(join(folder, 'config.json'), JSON.stringify(toy.config));
  return Object.fromEntries((await tokenizerMetadata(folder, config, 272)).map(([key, { value }]) => [key, value]));
}

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
const split = (digits: string) => ({
  type: 'Split',
  pattern: {
    Regex: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  },
  behavior: 'Isolated',
  invert: false,
});
const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers });

describe('the pre-tokenizer', () => {
  const find = (value: unknown) =>
    findPreTokenizer(new JsonFile('tokenizer.json', JSON.stringify({ pre_tokenizer: value })));

  test.each<[string, unknown]>([
    ['gpt-2', byteLevel],
    ['gpt-2', sequence({ ...byteLevel, use_regex: true })],
    ['smollm', sequence({ type: 'Digits', individual_digits: true }, { ...byteLevel, use_regex: true })],
    ['qwen2', sequence(split(String.raw`\p{N}`), { ...byteLevel, use_regex: false })],
    ['llama-bpe', sequence(split(String.raw`\p{N}{1,3}`), { ...byteLevel, use_regex: false })],
  ])('%s', (name, value) => expect(find(value)).toBe(name));

  test.each<[unknown, string]>([
    [undefined, 'none'],
    [7, 'must be an object'],
    [{ type: 'Metaspace', replacement: '▁' }, '"Metaspace"'],
    [{ ...byteLevel, add_prefix_space: true }, 'ByteLevel with its pattern after a space'],
    [sequence({ type: 'Digits' }, byteLevel), 'Digits together + ByteLevel with its pattern'],
    [sequence(split(String.raw`\p{N}{1,2}`), { ...byteLevel, use_regex: false }), String.raw`\\p{N}{1,2}`],
    [
      sequence({ ...split(String.raw`\p{N}`), behavior: 'Removed' }, { ...byteLevel, use_regex: false }),
      'Split ("Removed")',
    ],
    [sequence(split(String.raw`\p{N}`), byteLevel), 'ByteLevel with its pattern'],
    [sequence(sequence(byteLevel)), 'Sequence'],
    [sequence(...Array.from({ length: 99 }, () => byteLevel)), 'ByteLevel'],
    [{ type: 'Sequence', pretokenizers: 'all' }, 'must be a list'],
  ])('%j is refused with what was found', (value, message) => expect(() => find(value)).toThrow(message));
});

describe('the vocabulary', () => {
  test('is as long as the embedding, in types, with the template', async () => {
    const found = await metadata((toy) => {
      toy.tokenizer['added_tokens'] = [
        { id: 258, content: '<|end|>', special: true },
        { id: 259, content: '<tool>', special: false },
        { id: 260, content: '<|tool|>', special: false },
      ];
    });
    const tokens = found['tokenizer.ggml.tokens'] as string[];
    const types = found['tokenizer.ggml.token_type'] as number[];
    expect([tokens.length, types.length]).toEqual([272, 272]);
    expect(tokens.slice(255, 263)).toEqual(['ÿ', 'ab', 'abc', '<|end|>', '<tool>', '<|tool|>', '[PAD261]', '[PAD262]']);
    expect(types.slice(255, 263)).toEqual([1, 1, 1, 3, 4, 3, 5, 5]);
    expect(found).toMatchObject({
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'gpt-2',
      'tokenizer.ggml.merges': ['a b', 'ab c'],
      'tokenizer.ggml.eos_token_id': 258,
      'tokenizer.ggml.add_bos_token': false,
      'tokenizer.chat_template': '{{ messages[0].content }}',
    });
    expect(Object.keys(found)).not.toContain('tokenizer.ggml.bos_token_id');
  });

  const model = (more: object) => (toy: ToyFolder) => Object.assign(toy.tokenizer['model'] as object, more);
  test.each<[string, (toy: ToyFolder) => void, string]>([
    ['Unigram', model({ type: 'Unigram' }), '"Unigram" is not run here, only byte-level BPE'],
    ['SentencePiece', model({ byte_fallback: true }), 'SentencePiece'],
    ['suffixes', model({ end_of_word_suffix: '</w>' }), 'end_of_word_suffix'],
    ['whole words first', model({ ignore_merges: true }), 'ignore_merges'],
    ['a normalizer', (toy) => (toy.tokenizer['normalizer'] = { type: 'Lowercase' }), '"Lowercase"'],
    ['no vocabulary', model({ vocab: undefined }), 'model.vocab must be an object'],
    ['an id beyond the rows', model({ vocab: { a: 272 } }), 'a whole number from 0 to 271'],
    ['an id that is none', model({ vocab: { a: '1' } }), 'the id of the token "a"'],
    ['two tokens of one id', model({ vocab: { a: 1, b: 1 } }), '"a" and "b" have the same id 1'],
    ['merges', model({ merges: 'a b' }), 'model.merges must be a list'],
    ['a merge of three', model({ merges: ['a b c'] }), 'must be two tokens'],
    ['a merge of nothing', model({ merges: [['a', '']] }), 'must be two tokens'],
    ['an added token without text', (toy) => (toy.tokenizer['added_tokens'] = [{ id: 1 }]), 'content'],
    ['no model', (toy) => (toy.tokenizer['model'] = null), 'model must be an object'],
  ])('%s is refused', async (_, change, message) => {
    await expect(metadata(change)).rejects.toThrow(message);
    await expect(metadata(change)).rejects.toThrow(join(folder, 'tokenizer.json'));
  });

  test('may be called what the language calls its own', async () => {
    const found = await metadata(
      (toy) => (toy.files['tokenizer.json'] = JSON.stringify(toy.tokenizer).replace('"abc":', '"__proto__":')),
    );
    expect((found['tokenizer.ggml.tokens'] as string[])[257]).toBe('__proto__');
  });
});

describe('special tokens', () => {
  const eos = async (settings: object, generation: unknown, config: unknown) => {
    const found = await metadata((toy) => {
      toy.files['tokenizer_config.json'] = settings;
      toy.files['generation_config.json'] = generation === undefined ? undefined : { eos_token_id: generation };
      toy.config['eos_token_id'] = config;
    });
    return found['tokenizer.ggml.eos_token_id'];
  };

  test('the end is what generation ends at, and of several what the tokenizer says', async () => {
    expect(await eos({ eos_token: 'abc' }, [258, 257], 1)).toBe(257);
    expect(await eos({ eos_token: 'ab' }, [258, 257], 1)).toBe(258);
    expect(await eos({ eos_token: 'ab' }, 258, 1)).toBe(258);
    expect(await eos({ eos_token: { content: 'ab' } }, undefined, 1)).toBe(256);
    expect(await eos({ eos_token: 'unheard of' }, undefined, [1, 2])).toBe(1);
    expect(await eos({}, [-1, 7.5, 4000, 'a'], 5)).toBe(5);
    expect(await eos({}, undefined, null)).toBeUndefined();
  });

  test('a beginning is added when the settings or the template say so', async () => {
    const adds = async (settings: object, processor: unknown) => {
      const found = await metadata((toy) => {
        toy.files['tokenizer_config.json'] = { bos_token: 'ab', ...settings };
        toy.tokenizer['post_processor'] = processor;
      });
      return found['tokenizer.ggml.add_bos_token'];
    };
    const template = {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: 'ab' } }, { Sequence: { id: 'A' } }],
    };
    expect(await adds({}, template)).toBe(true);
    expect(await adds({}, { type: 'Sequence', processors: [{ type: 'ByteLevel' }, template] })).toBe(true);
    expect(await adds({ add_bos_token: false }, template)).toBe(false);
    expect(await adds({ add_bos_token: true }, null)).toBe(true);
    expect(await adds({ bos_token: null }, template)).toBe(false);
    expect(await adds({}, { type: 'TemplateProcessing', single: 7 })).toBe(false);
    expect(await adds({}, 'x')).toBe(false);
  });

  test('the template is its own file, or the one that is called default', async () => {
    const template = async (files: ToyFolder['files']) =>
      (await metadata((toy) => (toy.files = files)))['tokenizer.chat_template'];
    const list = [
      { name: 'tools', template: 'b' },
      { name: 'default', template: 'a' },
    ];
    expect(await template({ 'tokenizer_config.json': { chat_template: list } })).toBe('a');
    expect(await template({ 'tokenizer_config.json': {} })).toBeUndefined();
    await writeFile(join(folder, 'chat_template.jinja'), 'c');
    expect(await template({ 'tokenizer_config.json': { chat_template: list } })).toBe('c');
  });
});
