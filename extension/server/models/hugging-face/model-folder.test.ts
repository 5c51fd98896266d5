import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineError } from '../../engine/errors.ts';
import { isModelFolder, openModelFolder } from './model-folder.ts';
import { safetensors, toyFolder, toySize, writeToyFolder } from './testing/toy-folder.ts';
import type { ToyFolder, ToyTensor } from './testing/toy-folder.ts';

let folder = '';
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'paddock-hugging-face-'))));
afterEach(() => rm(folder, { recursive: true }));

type Change = (toy: ToyFolder) => void;

async function open(change: Change = () => {}, kind: Parameters<typeof toyFolder>[0] = {}, shards = 1) {
  const toy = toyFolder(kind);
  change(toy);
  await writeToyFolder(folder, toy, shards);
  return openModelFolder(folder);
}

/** The sentence says which file, what is wrong, and what to do. */
async function refused(change: Change, code: string, message: string, shards = 1): Promise<void> {
  const failure: unknown = await open(change, {}, shards).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(EngineError);
  expect(failure).toMatchObject({ code });
  expect((failure as Error).message).toContain(message);
  expect((failure as Error).message).toContain(folder);
  expect((failure as Error).message).toMatch(/(Download|Choose|Get|Name) .*\.$/su);
}

const tensor = (toy: ToyFolder, name: string): ToyTensor => toy.tensors[name] as ToyTensor;
const query = 'model.layers.0.self_attn.q_proj.weight';

test('a folder is one with a config.json', async () => {
  expect(await isModelFolder(folder)).toBe(false);
  await open();
  expect(await isModelFolder(folder)).toBe(true);
  expect(await isModelFolder(join(folder, 'config.json'))).toBe(false);
  expect(await isModelFolder('/nowhere')).toBe(false);
});

describe('what the engine gets', () => {
  const { heads, kvHeads, layers } = toySize;

  test('is one part for each tensor, with heads to reorder in llama alone', async () => {
    const { parts, ignored } = await open();
    expect(ignored).toEqual([]);
    expect(parts.files).toEqual([join(folder, 'model.safetensors')]);
    expect(parts.parts).toHaveLength(2 + 9 * layers);
    expect(parts.parts.map((part) => part.heads).filter((count) => count > 0)).toEqual([
      heads,
      kvHeads,
      heads,
      kvHeads,
    ]);
    const qwen = await open(() => {}, { family: 'qwen2' });
    expect(qwen.parts.parts).toHaveLength(2 + 12 * layers);
    expect(qwen.parts.parts.every((part) => part.heads === 0)).toBe(true);
    const qwen3 = await open(() => {}, { family: 'qwen3' });
    expect(qwen3.parts.parts).toHaveLength(2 + 11 * layers);
  });

  test('is the same from one file and from shards', async () => {
    const one = await open(() => {}, { tied: false, dtype: 'BF16' });
    await rm(join(folder, 'model.safetensors'));
    const shards = await open(() => {}, { tied: false, dtype: 'BF16' }, 3);
    expect(shards.parts.header).toEqual(one.parts.header);
    expect(shards.parts.files).toHaveLength(3);
    expect(shards.parts.parts.map((part) => part.bytes)).toEqual(one.parts.parts.map((part) => part.bytes));
  });

  test('is called as the folder is, and in the cache of the hub as the model', async () => {
    const nameOf = async (path: string): Promise<string> => {
      await writeToyFolder(path, toyFolder());
      const text = Buffer.from((await openModelFolder(path)).parts.header).toString('latin1');
      return /general\.name.{12}([\w-]+)/su.exec(text)?.[1] ?? '';
    };
    expect(await nameOf(join(folder, 'My-model'))).toBe('My-model');
    expect(await nameOf(join(folder, 'models--Some--Model-1B', 'snapshots', '0123abcd'))).toBe('Model-1B');
  });

  test('leaves out what old files hold besides, and a head that is the embedding', async () => {
    const { ignored } = await open((toy) => {
      toy.tensors['model.layers.1.self_attn.rotary_emb.inv_freq'] = {
        dtype: 'F32',
        shape: [1],
        values: Float32Array.of(1),
      };
      toy.tensors['lm_head.weight'] = tensor(toy, 'model.embed_tokens.weight');
    });
    expect(ignored).toEqual(['model.layers.1.self_attn.rotary_emb.inv_freq', 'lm_head.weight']);
  });

  test('takes the head when the configuration does not say', async () => {
    const untied = await open((toy) => delete toy.config['tie_word_embeddings'], { tied: false });
    const tied = await open((toy) => delete toy.config['tie_word_embeddings']);
    expect(untied.parts.parts.length - tied.parts.parts.length).toBe(1);
  });
});

describe('is refused, naming the file and what to do', () => {
  const config =
    (key: string, value: unknown): Change =>
    (toy) =>
      (toy.config[key] = value);

  test.each<[string, unknown, string, string]>([
    ['architectures', ['LlamaForSequenceClassification'], 'unsupportedModel', '"LlamaForSequenceClassification"'],
    ['architectures', ['constructor'], 'unsupportedModel', '"constructor"'],
    ['architectures', 7, 'unsupportedModel', '"llama" is not known'],
    ['model_type', 'mistral', 'unsupportedModel', 'not known here'],
    ['quantization_config', { quant_method: 'gptq' }, 'unsupportedModel', 'quantized already ("gptq")'],
    ['hidden_act', 'gelu', 'unsupportedModel', '"gelu"'],
    ['attention_bias', true, 'unsupportedModel', 'attention_bias'],
    ['mlp_bias', true, 'unsupportedModel', 'mlp_bias'],
    ['rope_scaling', { type: 'yarn', factor: 4 }, 'unsupportedModel', '"yarn"'],
    ['rope_scaling', { rope_type: 'dynamic', factor: 4 }, 'unsupportedModel', '"dynamic"'],
    ['rope_parameters', { rope_type: 'linear' }, 'invalidModel', 'rope_parameters.factor'],
    ['rope_scaling', 'linear', 'invalidModel', 'rope_scaling must be an object'],
    ['rope_scaling', { rope_type: 'llama3', factor: 8 }, 'invalidModel', 'rope_scaling.low_freq_factor'],
    ['rope_theta', 'much', 'invalidModel', 'rope_theta'],
    ['partial_rotary_factor', 0.5, 'unsupportedModel', 'partial_rotary_factor 0.5'],
    ['layer_types', ['full_attention', 'sliding_attention'], 'unsupportedModel', 'sliding window'],
    ['num_hidden_layers', 1e9, 'invalidModel', 'num_hidden_layers'],
    ['num_hidden_layers', -1, 'invalidModel', 'num_hidden_layers'],
    ['hidden_size', 63.5, 'invalidModel', 'hidden_size must be a whole number'],
    ['hidden_size', null, 'invalidModel', 'hidden_size'],
    ['num_key_value_heads', 3, 'invalidModel', 'do not fit each other'],
    ['head_dim', 15, 'invalidModel', 'do not fit each other'],
    ['vocab_size', 2 ** 53, 'invalidModel', 'vocab_size'],
    ['vocab_size', 300, 'invalidModel', '[272,64] where config.json asks for [300,64]'],
    ['num_hidden_layers', 3, 'invalidModel', 'no tensor model.layers.2.'],
  ])('config.json with %s = %j', (key, value, code, message) => refused(config(key, value), code, message));

  test('a sliding window that is used, but not one that is not', async () => {
    const window = { sliding_window: 64, max_window_layers: 1 };
    await refused(
      (toy) => Object.assign(toy.config, window, { use_sliding_window: true }),
      'unsupportedModel',
      'sliding',
    );
    await open((toy) => Object.assign(toy.config, window, { use_sliding_window: false }));
  });

  test.each<[string, Change, string, string]>([
    ['no weights', (toy) => (toy.files['model.safetensors'] = undefined), 'notFound', 'neither model.safetensors nor'],
    ['no tokenizer', (toy) => (toy.files['tokenizer.json'] = undefined), 'notFound', 'no tokenizer.json'],
    [
      'a config that is a list',
      (toy) => (toy.files['config.json'] = '[]'),
      'invalidModel',
      'the whole must be an object',
    ],
    [
      'a config that is not valid JSON',
      (toy) => (toy.files['config.json'] = '{"a"'),
      'invalidModel',
      'is not valid JSON',
    ],
    ['JSON without end', (toy) => (toy.files['tokenizer.json'] = '['.repeat(1e6)), 'invalidModel', 'is not valid JSON'],
    [
      'a tensor too many',
      (toy) => (toy.tensors['model.extra'] = tensor(toy, query)),
      'unsupportedModel',
      '"model.extra"',
    ],
    ['a tensor too few', (toy) => delete toy.tensors[query], 'invalidModel', `no tensor ${query}`],
    [
      'a matrix lying on its side',
      (toy) => tensor(toy, 'model.layers.0.mlp.up_proj.weight').shape.reverse(),
      'invalidModel',
      'has the shape',
    ],
  ])('%s', (_, change, code, message) => refused(change, code, message));

  test.each(['I32', 'F8_E4M3', 'F64'])('weights of %s', (dtype) =>
    refused((toy) => (tensor(toy, query).dtype = dtype), 'unsupportedModel', `${query} is of the type ${dtype}`),
  );

  const index =
    (weightMap: unknown): Change =>
    (toy) =>
      (toy.files['model.safetensors.index.json'] = { weight_map: weightMap });
  test.each<[unknown, string]>([
    [undefined, 'weight_map must be an object'],
    [{ a: 7 }, 'must be a string'],
    [{ a: '../model.safetensors' }, 'plain name'],
    [{ a: '/etc/passwd' }, 'plain name'],
    [{ a: 'C:\\x.safetensors' }, 'plain name'],
    [{ a: '..' }, 'plain name'],
    [{ a: 'missing.safetensors' }, 'missing.safetensors does not exist'],
    [{ a: 'model-1-of-2.safetensors' }, 'says that "a" is in model-1-of-2.safetensors'],
  ])('shards by %j', (weightMap, message) =>
    refused(index(weightMap), message.includes('exist') ? 'notFound' : 'invalidModel', message, 2),
  );

  test('more shards than there are', () => {
    const names = Array.from({ length: 1001 }, (_, number) => `${number}`);
    const weightMap = Object.fromEntries(names.map((name) => [name, `${name}.safetensors`]));
    return refused(index(weightMap), 'invalidModel', 'more than 1000 files', 2);
  });

  test('a tensor in two shards', () =>
    refused((toy) => (toy.files['model-1-of-2.safetensors'] = safetensors(toy.tensors)), 'invalidModel', 'is in', 2));
});

test('damaged JSON of any kind ends in a sentence', async () => {
  const toy = toyFolder();
  await writeToyFolder(folder, toy, 2);
  let state = 3;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  const values = [null, -1, 1e300, 0.5, 2 ** 53, '', 'x', [], {}, true, [[]], { a: 1 }];
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors.index.json']) {
    const path = join(folder, name);
    const sound = await readFile(path, 'utf8');
    for (let round = 0; round < 60; round++) {
      const root: unknown = JSON.parse(sound);
      if (round % 3 === 0) {
        await writeFile(path, sound.slice(0, random(sound.length)));
      } else {
        replaceSomewhere(root, values[random(values.length)], random);
        await writeFile(path, JSON.stringify(root));
      }
      const failure: unknown = await openModelFolder(folder).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure !== undefined) {
        expect(failure).toBeInstanceOf(EngineError);
        expect((failure as EngineError).code).not.toBe('internal');
      }
    }
    await writeFile(path, sound);
  }
});

/** Goes down from the root by chance, and puts the value there. */
function replaceSomewhere(root: unknown, value: unknown, random: (below: number) => number): void {
  let place = root as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(place);
    const key = keys[random(Math.max(1, keys.length))] ?? 'new';
    const next = place[key];
    if (typeof next !== 'object' || next === null || random(3) === 0) {
      place[key] = value;
      return;
    }
    place = next as Record<string, unknown>;
  }
}
