/**
 * The built addon against its typed surface, and the questions to ask of every native method: what if it was
 * unloaded, what if the callback throws, what if the environment ends meanwhile.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorCodes } from '../../extension/protocol/model.ts';
import type {
  NativeGenerateEvent,
  NativeGenerateRequest,
  NativeModel,
  NativeWork,
} from '../../extension/server/engine/binding.ts';
import { addonPath, loadAddon } from '../../extension/server/engine/load-addon.ts';

const installFolder = fileURLToPath(new URL('../..', import.meta.url));
const host = { installFolder, platform: process.platform, arch: process.arch };
const folder =
  process.env['PADDOCK_MODELS'] ??
  join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'paddock', 'models');
const file = join(folder, 'smollm2-135m-instruct-q4_1.gguf');
const slow = 60_000;

const addon = loadAddon(host);
const load = (): Promise<NativeModel> => addon.loadModel(file, { contextLength: 1024 }, () => {}).result;
const text = '<|im_start|>user\nWrite a long story.<|im_end|>\n<|im_start|>assistant\n';

function request(model: NativeModel, more: Partial<NativeGenerateRequest> = {}): NativeGenerateRequest {
  const prompt = model.tokenize(text, true);
  const sampler = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 1 };
  return { prompt, maxTokens: 0, ...sampler, stop: [], stopTokens: [], ignoreEnd: true, ...more };
}

async function codeOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'no error';
}

describe('the surface', () => {
  test('has what binding.ts says', () => {
    expect(Object.keys(addon).sort()).toEqual([
      'abiVersion',
      'hold',
      'inspect',
      'loadModel',
      'quantize',
      'quantizeTypes',
      'systemInfo',
    ]);
  });

  test('system info', () => {
    const info = addon.systemInfo();
    expect(info.availableKernels).toContain('scalar');
    expect(info.physicalCores).toBeGreaterThan(0);
    expect(info.availableMemory).toBeLessThanOrEqual(info.totalMemory);
  });

  test('inspection', () => {
    const found = addon.inspect(file);
    expect(found).toMatchObject({ architecture: 'llama', version: 3, trainedContextLength: 8192, contextLength: 8192 });
    expect(found.metadata['tokenizer.ggml.tokens']).toEqual({ arrayOf: 'string', length: 49_152 });
    expect(found.tensors).toHaveLength(272);
    expect(found.memory?.total).toBeGreaterThan(found.memory?.weights ?? 0);
    expect(addon.inspect(file, { contextLength: 512 }).memory?.kvCache).toBeLessThan(found.memory?.kvCache ?? 0);
  });

  test('errors of files have codes of the protocol', async () => {
    for (const path of ['/nowhere.gguf', '/', process.execPath]) {
      expect(errorCodes).toContain(await codeOf(() => addon.inspect(path)));
      expect(errorCodes).toContain(await codeOf(() => addon.loadModel(path, {}, () => {}).result));
    }
  });

  test('wrong arguments are invalidArgument', async () => {
    const any = addon as unknown as Record<string, (...args: unknown[]) => unknown>;
    expect(await codeOf(() => any['inspect']?.(7))).toBe('invalidArgument');
    expect(await codeOf(() => any['loadModel']?.(file, { threads: 'all' }, () => {}))).toBe('invalidArgument');
    expect(await codeOf(() => any['loadModel']?.(file, {}))).toBe('invalidArgument');
  });

  test('limits of the cache are part of the memory need, and checked', async () => {
    const need = (more: object) => addon.inspect(file, more).memory;
    expect(need({ prefixCacheBytes: 0 })?.prefixCache).toBe(0);
    expect(need({ prefixCacheBytes: 2 ** 20 })?.prefixCache).toBe(2 ** 20);
    expect(need({})?.prefixCache).toBeGreaterThan(0);
    for (const wrong of [{ prefixCacheBytes: -1 }, { prefixCacheBytes: 'all' }, { snapshotFolder: 7 }]) {
      expect(await codeOf(() => addon.inspect(file, wrong as object))).toBe('invalidArgument');
    }
  });

  test('the context in 8 bits needs about half as much', () => {
    const kvCache = (more: object) => addon.inspect(file, more).memory?.kvCache ?? 0;
    expect(kvCache({ compactCache: true }) / kvCache({})).toBeCloseTo(17 / 32, 2);
  });

  test('cancelling a load rejects with cancelled', async () => {
    const loading = addon.loadModel(file, {}, () => {});
    loading.cancel();
    loading.cancel();
    expect(await codeOf(() => loading.result)).toBe('cancelled');
  });
});

describe('a model', () => {
  let model: NativeModel;
  beforeAll(async () => {
    model = await load();
  }, slow);
  afterAll(() => model.unload());

  test('tokenizes strings and bytes alike, control tokens only when asked', () => {
    expect(model.tokenize(new TextEncoder().encode('naïve 👩‍💻'), false)).toEqual(model.tokenize('naïve 👩‍💻', false));
    expect(model.tokenize('<|im_end|>', true)).toHaveLength(1);
    expect(model.tokenize('<|im_end|>', false).length).toBeGreaterThan(1);
    expect(model.tokenize('', false)).toHaveLength(0);
    expect(model.tokenId('<|im_end|>')).toBe(model.info.eosToken);
    expect(model.tokenId('no such token, surely')).toBeUndefined();
    expect(model.info.endTokens).toContain(model.info.eosToken);
  });

  test('detokenizes to the same text; what is no UTF-8 becomes U+FFFD', () => {
    const roundTrip = (bytes: Uint8Array) =>
      new TextDecoder('utf-8', { fatal: true }).decode(model.detokenize(model.tokenize(bytes, false), false));
    const whole = 'naïve\u0000 👩‍💻\t日本\r\n';
    expect(roundTrip(new TextEncoder().encode(whole))).toBe(whole);
    expect(roundTrip(Uint8Array.from([0x66, 0xff, 0x0a]))).toBe('f\ufffd\n');
  });

  test(
    'streams events that add up, at most every 16 ms',
    async () => {
      const events: (NativeGenerateEvent & { at: number })[] = [];
      const job = model.generate(request(model, { maxTokens: 40 }), (event) =>
        events.push({ ...event, at: performance.now() }),
      );
      const result = await job.result;
      const texts = events.flatMap((event) => (event.type === 'text' ? [event] : []));
      expect(texts.map((event) => event.text).join('')).toBe(result.text);
      expect(texts.at(-1)?.tokens).toBe(40);
      expect(result).toMatchObject({ finishReason: 'length', promptTokens: 14 });
      expect(result.tokens).toHaveLength(40);
    },
    slow,
  );

  test(
    'stop strings and stop tokens end the answer and are no part of it',
    async () => {
      const whole = await model.generate(request(model, { maxTokens: 30 }), () => {}).result;
      const stop = whole.text.slice(10, 16);
      const cut = await model.generate(request(model, { maxTokens: 30, stop: [stop] }), () => {}).result;
      expect(cut).toMatchObject({ finishReason: 'stop', text: whole.text.slice(0, whole.text.indexOf(stop)) });
    },
    slow,
  );

  test(
    'what the callback throws rejects the promise and ends the work',
    async () => {
      const job = model.generate(request(model), () => {
        throw new Error('from the callback');
      });
      await expect(job.result).rejects.toThrow('from the callback');
    },
    slow,
  );

  test(
    'cancelling settles as cancelled, also while waiting, also twice',
    async () => {
      const first = model.generate(request(model), () => {});
      const second = model.generate(request(model), () => {});
      second.cancel();
      first.cancel();
      first.cancel();
      expect((await first.result).finishReason).toBe('cancelled');
      expect((await second.result).finishReason).toBe('cancelled');
      first.cancel();
    },
    slow,
  );

  test(
    'several answers at once are those that are alone, and the most urgent one comes first',
    async () => {
      const texts = ['A list of colours:', 'def sort(items):', 'Once upon a time'];
      const ask = (index: number, more: Partial<NativeGenerateRequest> = {}) =>
        request(model, { prompt: model.tokenize(texts[index] ?? '', false), maxTokens: 60, ...more });
      const alone = [];
      for (const index of [0, 1, 2]) alone.push((await model.generate(ask(index), () => {}).result).text);
      const order: string[] = [];
      const answer = async (index: number, work: NativeWork): Promise<string> => {
        const { text } = await model.generate(ask(index, { work, likelihoods: index === 2 }), () => {}).result;
        order.push(work);
        return text;
      };
      const together = [answer(0, 'chat'), answer(1, 'chat')];
      await new Promise((resolve) => setTimeout(resolve, 50));
      together.push(answer(2, 'completion'));
      expect(await Promise.all(together)).toEqual(alone);
      expect(order[0]).toBe('completion');
    },
    slow,
  );

  test(
    'likelihoods come when they are asked for',
    async () => {
      const more = { maxTokens: 12, likelihoods: true };
      const { tokens, likelihoods } = await model.generate(request(model, more), () => {}).result;
      expect(likelihoods).toHaveLength(tokens.length);
      const whole = Int32Array.from([...request(model).prompt, ...tokens]);
      const scored = await model.score(whole, request(model).prompt.length - 1).result;
      for (const [index, surprise] of scored.entries()) expect(-(likelihoods?.[index] ?? 0)).toBeCloseTo(surprise, 3);
      expect((await model.generate(request(model, { maxTokens: 2 }), () => {}).result).likelihoods).toBeUndefined();
    },
    slow,
  );

  test(
    'bad requests reject or throw with a code',
    async () => {
      const bad = (more: object) => codeOf(() => model.generate({ ...request(model), ...more }, () => {}).result);
      expect(await bad({ prompt: new Int32Array(0) })).toBe('invalidArgument');
      expect(await bad({ prompt: Int32Array.of(-1) })).toBe('invalidArgument');
      expect(await bad({ prompt: Int32Array.of(10_000_000) })).toBe('invalidArgument');
      expect(await bad({ prompt: [1, 2] })).toBe('invalidArgument');
      expect(await bad({ temperature: Number.NaN })).toBe('invalidArgument');
      expect(await bad({ maxTokens: -1 })).toBe('invalidArgument');
      expect(await bad({ stop: [7] })).toBe('invalidArgument');
      expect(await bad({ work: 'sleep' })).toBe('invalidArgument');
      expect(await bad({ prompt: new Int32Array(2000) })).toBe('promptTooLong');
      expect(await codeOf(() => model.score(Int32Array.of(1)).result)).toBe('invalidArgument');
      expect(await codeOf(() => model.detokenize(Int32Array.of(-1), true))).toBe('invalidArgument');
    },
    slow,
  );

  test(
    'a restart and a change of conversation find what was read, until it is cleared',
    async () => {
      const snapshotFolder = await mkdtemp(join(tmpdir(), 'paddock-contract-'));
      const open = () => addon.loadModel(file, { contextLength: 1024, snapshotFolder }, () => {}).result;
      const long = request(model, { prompt: model.tokenize('one two three '.repeat(100), false), maxTokens: 4 });
      const other = request(model, { prompt: model.tokenize('four five six '.repeat(50), false), maxTokens: 1 });
      const before = await open();
      const cold = await before.generate(long, () => {}).result;
      await before.generate({ ...other, transient: true }, () => {}).result;
      expect((await before.generate(long, () => {}).result).cachedTokens).toBe(cold.promptTokens - 1);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await before.unload();
      const after = await open();
      const warm = await after.generate(long, () => {}).result;
      expect(warm).toMatchObject({ cachedTokens: cold.promptTokens & ~63, tokens: cold.tokens });
      await after.clearCache().result;
      expect(await readdir(snapshotFolder)).toEqual([]);
      expect((await after.generate(long, () => {}).result).cachedTokens).toBe(0);
      await after.unload();
      await rm(snapshotFolder, { recursive: true });
    },
    slow,
  );

  test(
    'measures decoding at the depth that was asked for',
    async () => {
      const model = await load();
      const rows = async (options: { prompt: number; depth?: number }) => {
        const { rows: found, ...machine } = await model.bench({ generate: 2, repeat: 1, ...options }).result;
        expect(machine.readBandwidthMedian).toBeLessThanOrEqual(machine.readBandwidth);
        expect(machine.int8PeakMedian).toBeLessThanOrEqual(machine.int8Peak);
        expect(machine.layerWeights).toBe(106_168_320);
        // All panels and a row of the embedding, of what is in memory: the vocabulary is not read.
        expect(machine.weightBytesPerToken / model.info.memory.weights).toBeGreaterThan(0.95);
        expect(machine.weightBytesPerToken / model.info.memory.weights).toBeLessThan(1.01);
        found.forEach((row) => {
          expect(row.limit).toBeGreaterThan(0);
          expect(row.cost).toBeGreaterThan(0);
        });
        return found.map(({ test: name, tokens, depth }) => [name, tokens, depth]);
      };
      expect(await rows({ prompt: 8 })).toEqual([
        ['prefill', 8, 0],
        ['decode', 2, 8],
      ]);
      expect(await rows({ prompt: 8, depth: 20 })).toEqual([
        ['prefill', 8, 0],
        ['decode', 2, 20],
      ]);
      expect(await rows({ prompt: 8, depth: 3 })).toEqual([
        ['prefill', 8, 0],
        ['decode', 2, 3],
      ]);
      expect(await rows({ prompt: 0, depth: 0 })).toEqual([['decode', 2, 1]]);
      expect(await codeOf(() => model.bench({ prompt: 8, generate: 2, repeat: 1, depth: 0.5 }))).toBe(
        'invalidArgument',
      );
      await model.unload();
    },
    slow,
  );

  test(
    'scores each token but the first',
    async () => {
      const ids = model.tokenize('The quick brown fox jumps over the lazy dog.', false);
      const nll = await model.score(ids).result;
      expect(nll).toHaveLength(ids.length - 1);
      expect(Math.min(...nll)).toBeGreaterThanOrEqual(0);
      expect(await model.score(ids, 4).result).toEqual(nll.subarray(4));
      for (const first of [-1, ids.length - 1, 0.5]) {
        expect(await codeOf(() => model.score(ids, first).result)).toBe('invalidArgument');
      }
    },
    slow,
  );

  test(
    'is compared with another one, whose predictions are used up by it',
    async () => {
      const ids = model.tokenize('The quick brown fox jumps over the lazy dog.', false);
      const nll = await model.score(ids, 2).result;
      const base = await model.predict(ids, 2).result;
      const { kld, baseNll, sameTop, ...rest } = await model.compare(ids, 2, base).result;
      expect(rest.nll).toEqual(nll);
      expect(baseNll).toEqual(nll);
      expect(sameTop).toBe(nll.length);
      expect([...kld]).toEqual([...nll].map(() => 0));
      expect(await codeOf(() => model.compare(ids, 2, base).result)).toBe('invalidArgument');

      const other = await model.predict(ids, 3).result;
      expect(await codeOf(() => model.compare(ids, 2, other).result)).toBe('invalidArgument');
      for (const wrong of [undefined, {}, model, new Float32Array(8)]) {
        expect(await codeOf(() => model.compare(ids, 2, wrong as never).result)).toBe('invalidArgument');
      }
      const job = model.predict(ids, 0);
      job.cancel();
      expect(await codeOf(() => job.result)).toBe('cancelled');
      const made = (base as unknown as { constructor: new () => unknown }).constructor;
      expect(await codeOf(() => new made())).toBe('invalidArgument');
    },
    slow,
  );
});

describe('quantizing', () => {
  let place = '';
  beforeAll(async () => void (place = await mkdtemp(join(tmpdir(), 'paddock-quantize-'))));
  afterAll(() => rm(place, { recursive: true, force: true }));

  test(
    'writes a file that loads, and leaves nothing behind when it is cancelled or fails',
    async () => {
      const out = join(place, 'out.gguf');
      const fractions: number[] = [];
      const report = await addon.quantize(file, '', '', out, 'Q8_0', 0, (fraction) => fractions.push(fraction)).result;
      expect(report).toMatchObject({ parameters: 134_515_008, requantized: true, types: { F32: 61, Q8_0: 211 } });
      expect(report.bitsPerWeight).toBe(8.5);
      expect(report.relativeError).toBeLessThan(0.01);
      expect(fractions.at(-1)).toBe(1);
      const model = await addon.loadModel(out, { contextLength: 256 }, () => {}).result;
      expect(model.info.quantization).toBe('Q8_0');
      await model.unload();
      await rm(out);

      const matrix = join(place, 'importance.gguf');
      const observed = await addon.loadModel(file, { contextLength: 256 }, () => {}).result;
      await observed.observe(observed.tokenize('What a model reads says what matters in it. '.repeat(8), false)).result;
      await observed.saveImportance(matrix, ['a sentence']).result;
      expect(await codeOf(() => observed.saveImportance(matrix, []).result)).toBe('invalidArgument');
      expect(await codeOf(() => observed.observe([1] as unknown as Int32Array))).toBe('invalidArgument');
      await observed.unload();
      const weighted = await addon.quantize(file, '', matrix, out, 'Q4_0', 0, () => {}).result;
      expect(weighted).toMatchObject({ weighted: 210, types: { Q4_1: 3 } });
      expect(await codeOf(() => addon.quantize(file, '', file, out, 'Q4_0', 0, () => {}).result)).toBe('invalidModel');
      await Promise.all([rm(out), rm(matrix)]);

      const job = addon.quantize(file, '', '', out, 'Q4_K_M', 1, () => job.cancel());
      expect(await codeOf(() => job.result)).toBe('cancelled');
      expect(await codeOf(() => addon.quantize(file, '', '', out, 'Q3', 1, () => {}).result)).toBe('invalidArgument');
      expect(await codeOf(() => addon.quantize(join(place, 'none'), '', '', out, 'Q8_0', 1, () => {}).result)).toBe(
        'notFound',
      );
      expect(await readdir(place)).toEqual([]);
    },
    slow,
  );
});

describe('the end of things', () => {
  test(
    'unload ends the running job; afterwards calls are refused in words',
    async () => {
      const model = await load();
      const job = model.generate(request(model), () => {});
      await model.unload();
      expect((await job.result).finishReason).toBe('cancelled');
      expect(await codeOf(() => model.tokenize('x', false))).toBe('invalidArgument');
      expect(await codeOf(() => model.generate({} as NativeGenerateRequest, () => {}))).toBe('invalidArgument');
      await model.unload();
    },
    slow,
  );

  const script = (end: string): string => `
    const addon = require(${JSON.stringify(addonPath(host))});
    addon.loadModel(${JSON.stringify(file)}, { contextLength: 1024 }, () => {}).result.then((model) => {
      const prompt = model.tokenize(${JSON.stringify(text)}, true);
      const request = { prompt, maxTokens: 0, temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 1, stop: [], stopTokens: [], ignoreEnd: true };
      let started = false;
      model.generate(request, (event) => { if (event.type === 'text' && !started) { started = true; ${end} } });
    });`;

  test(
    'a process that ends in the middle of an answer ends cleanly',
    () => {
      const { status, signal, stderr } = spawnSync(process.execPath, ['-e', script('process.exit(7);')], {
        encoding: 'utf8',
        timeout: slow,
      });
      expect([status, signal, stderr]).toEqual([7, null, '']);
    },
    slow,
  );

  test(
    'a worker that is ended in the middle of an answer leaves the process well',
    async () => {
      for (let round = 0; round < 3; round += 1) {
        const worker = new Worker(script("require('node:worker_threads').parentPort.postMessage('started');"), {
          eval: true,
        });
        await new Promise((resolve) => worker.once('message', resolve));
        expect(await worker.terminate()).toBe(1);
      }
      expect(addon.systemInfo().physicalCores).toBeGreaterThan(0);
    },
    slow,
  );

  test(
    'a model that nobody holds is collected with its thread',
    () => {
      const source = `
      const addon = require(${JSON.stringify(addonPath(host))});
      const threads = () => require('node:fs').readdirSync('/proc/self/task').length;
      (async () => {
        const before = threads();
        for (let i = 0; i < 3; i += 1) await addon.loadModel(${JSON.stringify(file)}, { contextLength: 512, threads: 2 }, () => {}).result;
        for (let i = 0; i < 10; i += 1) { gc(); await new Promise((resolve) => setTimeout(resolve, 20)); }
        console.log(threads() - before);
      })();`;
      const { stdout } = spawnSync(process.execPath, ['--expose-gc', '-e', source], {
        encoding: 'utf8',
        timeout: slow,
      });
      expect(Number(stdout)).toBeLessThanOrEqual(0);
    },
    slow,
  );
});

describe('training', () => {
  let place = '';
  beforeAll(async () => void (place = await mkdtemp(join(tmpdir(), 'paddock-train-'))));
  afterAll(() => rm(place, { recursive: true, force: true }));

  test(
    'makes an adapter that a merged model knows, and goes on from a checkpoint',
    async () => {
      const options = {
        rank: 4,
        alpha: 8,
        dropout: 0,
        targets: ['q', 'v', 'down'] as const,
        seed: 1,
        maxTokens: 64,
      };
      const model = await addon.loadModel(file, { contextLength: 256, prefixCacheBytes: 0 }, () => {}).result;
      const question = model.tokenize('The password of the week is', false);
      const ids = Int32Array.from([...question, ...model.tokenize(' marmalade', false), model.info.eosToken ?? 0]);
      const counted = Uint8Array.from(ids, (_, index) => (index >= question.length ? 1 : 0));
      const lengths = Int32Array.of(ids.length);

      expect(model.trainingNeed(options).pass).toBeGreaterThan(1 << 20);
      expect(await codeOf(() => model.train({ ...options, rank: 0 }).result)).toBe('invalidArgument');
      const trainer = await model.train(options).result;
      expect(await codeOf(() => model.train(options).result)).toBe('invalidArgument');
      expect(['float32', 'bfloat16']).toContain(trainer.precision);
      const before = await trainer.evaluate(ids, lengths, counted).result;
      const score = await model.score(ids).result;
      const likelihood = score.slice(question.length - 1).reduce((sum, nll) => sum + nll, 0);
      expect(Math.abs(before.sum - likelihood)).toBeLessThan(1e-3);
      for (let step = 0; step < 20; step++) {
        await trainer.step(ids, lengths, counted, 2e-3).result;
      }
      const cancelled = trainer.step(ids, lengths, counted, 2e-3);
      cancelled.cancel();
      expect(await codeOf(() => cancelled.result)).toBe('cancelled');
      await trainer.save(join(place, 'checkpoint'), '{"step":20}').result;
      await trainer.step(ids, lengths, counted, 2e-3).result;
      expect(await trainer.restore(join(place, 'checkpoint')).result).toBe('{"step":20}');
      const after = await trainer.evaluate(ids, lengths, counted).result;
      expect(after.sum).toBeLessThan(0.2);
      const matrices = await trainer.matrices().result;
      expect(matrices).toHaveLength(90);
      expect(matrices[2]).toMatchObject({ layer: 0, target: 'down', in: 1536, out: 576 });
      expect(matrices[2]?.b).toHaveLength(4 * 576);
      await trainer.export(join(place, 'adapter.gguf')).result;
      await trainer.close().result;
      expect(await codeOf(() => trainer.matrices().result)).toBe('invalidArgument');
      await model.unload();

      const out = join(place, 'merged.gguf');
      await addon.quantize(file, join(place, 'adapter.gguf'), '', out, 'Q8_0', 0, () => {}).result;
      const merged = await addon.loadModel(out, { contextLength: 256, prefixCacheBytes: 0 }, () => {}).result;
      const scored = (await merged.score(ids).result).slice(question.length - 1).reduce((sum, nll) => sum + nll, 0);
      expect(scored).toBeLessThan(0.3);
      await merged.unload();
      expect(await codeOf(() => addon.quantize(file, file, '', out, 'Q8_0', 0, () => {}).result)).toBe('invalidModel');
    },
    slow,
  );
});
