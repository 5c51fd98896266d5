import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeNative } from '../../testing/fake-native.ts';
import { epochOrder, samplesOfStep, stepsPerEpoch } from './order.ts';
import { writePeft } from './peft.ts';
import { RunLog } from './run-log.ts';
import { encodeSample, flatten, readSamples } from './samples.ts';
import { learningRateAt, presets } from './settings.ts';
import type { TrainSettings } from './settings.ts';

let folder = '';
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'paddock-train-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const fakeModel = () => fakeNative({}).loadModel('/fake.gguf', {}, () => {}).result;
const record = (prompt: string, answer: string) => ({
  messages: [
    { role: 'user' as const, content: prompt },
    { role: 'assistant' as const, content: answer },
  ],
});

describe('the order of samples', () => {
  test('has every sample once in each epoch, and another order in the next', () => {
    const orders = [0, 1].map((epoch) => epochOrder(101, 42, epoch));
    for (const order of orders) {
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 101 }, (_, index) => index));
    }
    expect(orders[0]).not.toEqual(orders[1]);
    expect(epochOrder(101, 42, 0)).toEqual(orders[0]);
  });

  test('is that of the epoch from whichever step on one asks', () => {
    const steps = stepsPerEpoch(10, 4);
    expect(steps).toBe(3);
    const second = [3, 4, 5].flatMap((step) => samplesOfStep(step, 10, 4, 7));
    expect(second).toEqual(epochOrder(10, 7, 1));
  });
});

describe('the learning rate', () => {
  const settings = (over: Partial<TrainSettings>): TrainSettings => ({ ...presets.laptop, learningRate: 1, ...over });
  test('grows to its full value and falls along a cosine', () => {
    const rates = Array.from({ length: 10 }, (_, step) => learningRateAt(settings({ warmUp: 0.2 }), step, 10));
    expect(rates.slice(0, 3)).toEqual([0.5, 1, 1]);
    expect(rates.at(-1)).toBeCloseTo((1 + Math.cos((Math.PI * 7) / 8)) / 2);
  });
  test('stays where it is when it is constant', () => {
    const constant = settings({ warmUp: 2, schedule: 'constant' });
    expect([0, 1, 2, 9].map((step) => learningRateAt(constant, step, 10))).toEqual([0.5, 1, 1, 1]);
  });
});

describe('samples', () => {
  test('count the answer and its end, in the form of a chat', async () => {
    const model = await fakeModel();
    const made = encodeSample(model, record('Why?', 'Because.'), 'chat', 200);
    const answer = [...model.tokenize('Because.', false), model.info.eosToken];
    expect(made?.truncated).toBe(false);
    expect([...(made?.sample.ids.slice(made.sample.answer) ?? [])]).toEqual(answer);
  });

  test('count every answer of a conversation, and no question', async () => {
    const model = await fakeModel();
    const { messages } = record('Why?', 'Because.');
    const talk = { messages: [...messages, ...record('And then?', 'Nothing.').messages] };
    const sample = encodeSample(model, talk, 'chat', 400)?.sample;
    expect(sample?.earlier).toHaveLength(1);
    const { ids, counted } = flatten(sample === undefined ? [] : [sample]);
    const trained = [...ids].filter((_, index) => counted[index] === 1);
    const first = [...model.tokenize('Because.', false)];
    expect(trained.slice(0, first.length)).toEqual(first);
    expect(trained.slice(-9, -1)).toEqual([...model.tokenize('Nothing.', false)]);
    expect(trained.length - first.length - 9).toBeLessThanOrEqual(1);
  });

  test('do not teach an end where an answer was cut', async () => {
    const model = await fakeModel();
    const made = encodeSample(model, record('ab', 'cdefghij'), 'plain', 8);
    expect(made?.truncated).toBe(true);
    expect([...(made?.sample.ids ?? [])]).toEqual([...model.tokenize('ab\ncdefg', false)]);
  });

  test('of the plain form cut long questions, of chats leave them out', async () => {
    const model = await fakeModel();
    const long = record('x'.repeat(300), 'yes');
    expect(encodeSample(model, long, 'plain', 20)?.sample.answer).toBe(10);
    expect(encodeSample(model, long, 'chat', 20)).toBeUndefined();
  });

  test('are read from files, flat for the engine, and named by their contents', async () => {
    const model = await fakeModel();
    const path = join(folder, 'data.jsonl');
    writeFileSync(path, '{"prompt":"a","response":"bc"}\nno json\n{"prompt":"d","response":"e"}\n');
    const set = await readSamples(model, [path], { maxTokens: 100, text: 'plain' });
    expect(set).toMatchObject({ truncated: 0, skipped: 0, badLines: 1, tokens: 9, counted: 5 });
    const { ids, lengths, counted } = flatten(set.samples);
    expect([...lengths]).toEqual([5, 4]);
    expect([...counted]).toEqual([0, 0, 1, 1, 1, 0, 0, 1, 1]);
    expect(ids).toHaveLength(9);
    const other = await readSamples(model, [path], { maxTokens: 100, text: 'chat' });
    expect(other.sha256).not.toBe(set.sha256);
  });
});

test('the log of a run forgets what came after the checkpoint', async () => {
  const log = new RunLog(join(folder, 'log.jsonl'));
  const entry = (step: number) => ({
    step,
    epoch: 0,
    loss: 1,
    learningRate: 1,
    gradientNorm: 1,
    tokens: 1,
    tokensPerSecond: 1,
  });
  await log.append({ step: 0, validLoss: 2 });
  for (const step of [0, 1, 2]) {
    await log.append(entry(step));
  }
  await log.append({ step: 3, validLoss: 1 });
  await log.rewind(2);
  expect(await log.read()).toEqual([{ step: 0, validLoss: 2 }, entry(0), entry(1)]);
});

test('adapters go to PEFT with the rows of the original model', async () => {
  const b = Float32Array.from({ length: 8 }, (_, index) => index);
  const matrices = [
    { layer: 0, target: 'q' as const, in: 2, out: 8, a: Float32Array.of(1, 2), b },
    { layer: 0, target: 'v' as const, in: 2, out: 8, a: Float32Array.of(3, 4), b },
  ];
  const base = { name: 'tiny', architecture: 'llama', heads: 2, kvHeads: 1 };
  const settings = { rank: 1, alpha: 2, dropout: 0, targets: ['q', 'v'] as const };
  await writePeft(join(folder, 'peft'), matrices, settings, base);
  const bytes = readFileSync(join(folder, 'peft', 'adapter_model.safetensors'));
  const size = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + size)) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  const read = (name: string) => {
    const [begin, end] = header[`base_model.model.model.layers.0.self_attn.${name}.weight`]?.data_offsets ?? [0, 0];
    const data = bytes.subarray(8 + size + begin, 8 + size + end);
    return Array.from({ length: data.length / 4 }, (_, index) => data.readFloatLE(4 * index));
  };
  expect(read('v_proj.lora_A')).toEqual([3, 4]);
  expect(read('v_proj.lora_B')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  // Two heads of four rows: the even ones first.
  expect(read('q_proj.lora_B')).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
  const config = JSON.parse(readFileSync(join(folder, 'peft', 'adapter_config.json'), 'utf8')) as object;
  expect(config).toMatchObject({ r: 1, lora_alpha: 2, target_modules: ['q_proj', 'v_proj'], peft_type: 'LORA' });
});
