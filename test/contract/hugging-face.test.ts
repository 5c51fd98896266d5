/**
 * A Hugging Face folder through the quantizer and the engine: what it computes is held against the architecture written
 * down once more, in double precision and in the order of the original's rows.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NativeModelParts } from '../../extension/server/engine/binding.ts';
import { loadAddon } from '../../extension/server/engine/load-addon.ts';
import { openModelFolder } from '../../extension/server/models/hugging-face/model-folder.ts';
import { toyFolder, toySize, writeToyFolder } from '../../extension/server/models/hugging-face/testing/toy-folder.ts';
import type { ToyFolder } from '../../extension/server/models/hugging-face/testing/toy-folder.ts';
import { referenceNll } from './reference-model.ts';

const installFolder = fileURLToPath(new URL('../..', import.meta.url));
const addon = loadAddon({ installFolder, platform: process.platform, arch: process.arch });
const text = 'abc, abca, and the rest of a sentence: 12 words or so. <|end|> ünd more';

let place = '';
beforeAll(async () => void (place = await mkdtemp(join(tmpdir(), 'paddock-folder-'))));
afterAll(() => rm(place, { recursive: true, force: true }));

let count = 0;
async function openToy(toy: ToyFolder, shards = 1): Promise<NativeModelParts> {
  const folder = join(place, `toy-${count++}`);
  await writeToyFolder(folder, toy, shards);
  return (await openModelFolder(folder)).parts;
}

async function quantize(parts: NativeModelParts, type: string, adapter = '', importance = '') {
  const out = join(place, `out-${count++}.gguf`);
  const report = await addon.quantize(parts, adapter, importance, out, type, 2, () => {}).result;
  return { out, report };
}

async function score(file: string) {
  const model = await addon.loadModel(file, { contextLength: 256, prefixCacheBytes: 0 }, () => {}).result;
  const ids = model.tokenize(text, true);
  const nll = await model.score(ids).result;
  const { info } = model;
  await model.unload();
  return { ids: [...ids], nll: [...nll], info };
}

function distance(one: readonly number[], other: readonly number[]): number {
  expect(one).toHaveLength(other.length);
  return Math.max(...one.map((value, index) => Math.abs(value - (other[index] ?? Number.NaN))));
}

const kinds: readonly [name: string, toy: () => ToyFolder, shards: number][] = [
  ['llama in float32', () => toyFolder(), 1],
  ['llama in shards, with a head of its own', () => toyFolder({ tied: false, dtype: 'BF16' }), 3],
  ['qwen2, whose rows stay and which has biases', () => toyFolder({ family: 'qwen2', dtype: 'F16' }), 2],
  [
    'llama 3.1, with stretched frequencies',
    () => {
      const toy = toyFolder();
      toy.config['rope_parameters'] = {
        rope_type: 'llama3',
        rope_theta: 500,
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 64,
      };
      return toy;
    },
    1,
  ],
  [
    'positions divided by four',
    () => {
      const toy = toyFolder();
      toy.config['rope_scaling'] = { type: 'linear', factor: 4 };
      return toy;
    },
    1,
  ],
];

test.each(kinds)('%s computes what the original does', async (_, make, shards) => {
  const toy = make();
  const parts = await openToy(toy, shards);
  const { out, report } = await quantize(parts, 'F32');
  expect(report).toMatchObject({ relativeError: 0, requantized: false, bitsPerWeight: 32 });
  const { ids, nll, info } = await score(out);
  expect(ids).toContain(258);
  expect(ids.slice(0, 3)).toEqual([257, 44, 32]);
  expect(info).toMatchObject({ vocabularySize: toySize.rows, eosToken: 258, quantization: 'F32' });
  const expected = referenceNll(toy, ids);
  expect(distance(nll, expected)).toBeLessThan(5e-3);
  // The same with another order of rows would be far away.
  const wrong = { ...parts, parts: parts.parts.map((part) => ({ ...part, heads: part.heads > 0 ? 0 : part.heads })) };
  if (toy.config['model_type'] === 'llama') {
    expect(distance((await score((await quantize(wrong, 'F32')).out)).nll, expected)).toBeGreaterThan(0.5);
  }
});

test('every type of the weights gives the same file', async () => {
  const outs = await Promise.all(
    ['F32', 'F16', 'BF16'].map(async (dtype) => quantize(await openToy(toyFolder({ dtype })), 'Q8_0')),
  );
  const scores = await Promise.all(outs.map(({ out }) => score(out)));
  expect(scores[1]?.nll).toEqual(scores[0]?.nll);
  expect(scores[2]?.nll).toEqual(scores[0]?.nll);
  expect(outs.map(({ report }) => report.types)).toEqual(outs.map(() => ({ F32: 5, Q8_0: 15 })));
});

test('every type loads', async () => {
  const parts = await openToy(toyFolder());
  for (const type of addon.quantizeTypes) {
    const { out, report } = await quantize(parts, type);
    expect(report.relativeError).toBeLessThan(0.2);
    const { nll } = await score(out);
    expect(nll.every((value) => Number.isFinite(value))).toBe(true);
  }
});

test('an adapter and an importance matrix are for the order of model files', async () => {
  const parts = await openToy(toyFolder());
  const { out } = await quantize(parts, 'F32');
  const model = await addon.loadModel(out, { contextLength: 256 }, () => {}).result;
  const ids = model.tokenize(text.repeat(3), true);
  await model.observe(ids).result;
  const importance = join(place, 'importance.gguf');
  await model.saveImportance(importance, ['text']).result;
  const adapter = join(place, 'adapter.gguf');
  const options = { rank: 4, alpha: 8, dropout: 0, targets: ['q', 'k', 'o'], seed: 1, maxTokens: 256 } as const;
  const trainer = await model.train(options).result;
  const counted = new Uint8Array(ids.length).fill(1);
  for (let step = 0; step < 3; step++) {
    await trainer.step(ids, Int32Array.of(ids.length), counted, 1e-2).result;
  }
  await trainer.export(adapter).result;
  await trainer.close().result;
  await model.unload();

  const merge = async (source: string | NativeModelParts) => {
    const path = join(place, `merged-${count++}.gguf`);
    await addon.quantize(source, adapter, importance, path, 'F32', 1, () => {}).result;
    return score(path);
  };
  const [fromFile, fromFolder, before] = [await merge(out), await merge(parts), await score(out)];
  expect(fromFolder.nll).toEqual(fromFile.nll);
  expect(fromFolder.nll).not.toEqual(before.nll);
  const weighed = await quantize(parts, 'Q4_0', '', importance);
  expect(weighed.report.weighted).toBeGreaterThan(0);
});

describe('parts that lie', () => {
  test('reject or throw with a code, and leave nothing behind', async () => {
    const sound = await openToy(toyFolder());
    const before = await readdir(place);
    const part = sound.parts[3];
    const lies: unknown[] = [
      null,
      {},
      [],
      { ...sound, header: [...sound.header] },
      { ...sound, header: new Float64Array(8) },
      { ...sound, header: sound.header.subarray(0, 100) },
      { ...sound, header: new Uint8Array() },
      { ...sound, files: 'model.safetensors' },
      { ...sound, files: [7] },
      { ...sound, files: ['/nowhere'] },
      { ...sound, files: [place] },
      { ...sound, parts: [] },
      { ...sound, parts: Array(4e9) },
      ...[
        { file: 1 },
        { file: -1 },
        { file: -2 },
        { file: 0.5 },
        { offset: -1 },
        { offset: 2 ** 60 },
        { offset: 2 ** 53 - 1 },
        { offset: Number.NaN },
        { bytes: 0 },
        { bytes: '4' },
        { type: 'Q4_0' },
        { type: 'F16' },
        { heads: 3 },
        { heads: 1e15 },
        { heads: undefined },
      ].map((lie) => ({
        ...sound,
        parts: sound.parts.map((other) => (other === part ? { ...other, ...lie } : other)),
      })),
    ];
    for (const lie of lies) {
      const failure: unknown = await (async () => {
        await addon.quantize(lie as NativeModelParts, '', '', join(place, 'lie.gguf'), 'Q8_0', 1, () => {}).result;
      })().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Error);
      expect(['invalidArgument', 'invalidModel', 'notFound', 'notAFile']).toContain(
        (failure as { code?: string }).code,
      );
    }
    expect(await readdir(place)).toEqual(before);
  });

  test('damaged headers do no harm', async () => {
    const sound = await openToy(toyFolder());
    let state = 5;
    for (let round = 0; round < 200; round++) {
      const header = Uint8Array.from(sound.header);
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      // The table of tensors stands at the end.
      const at = round % 2 === 0 ? header.length - 1 - (state % 1500) : state % 600;
      header[at] = (header[at] ?? 0) ^ (1 << (round & 7));
      await addon
        .quantize({ ...sound, header }, '', '', join(place, 'damaged.gguf'), 'Q4_0', 1, () => {})
        .result.catch((error: unknown) => expect(error).toHaveProperty('code'));
    }
  });
});

test('the program says what it left out, and the same report as of a file', async () => {
  const toy = toyFolder();
  toy.tensors['lm_head.weight'] = toy.tensors['model.embed_tokens.weight']!;
  const folder = join(place, 'by-hand');
  await writeToyFolder(folder, toy);
  const out = join(place, 'by-hand.gguf');
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join(installFolder, 'dist', 'cli.js'), 'quantize', folder, '--out', out, '--type', 'BF16', '--json'],
    { encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([0, 'Not needed and left out: lm_head.weight\n']);
  expect(JSON.parse(stdout)).toMatchObject({ out, type: 'BF16', bitsPerWeight: 16, requantized: false });
  expect(addon.inspect(out).metadata).toMatchObject({ 'general.name': 'by-hand', 'general.file_type': 32 });
});
