import { describe, expect, test } from 'vitest';
import type { EngineState } from '../../protocol/server.ts';
import { fakeNative } from '../testing/fake-native.ts';
import type { FakeScript } from '../testing/fake-native.ts';
import { Engine } from './engine.ts';
import { ModelSlot } from './model-slot.ts';
import { EngineError } from './errors.ts';
import { generate } from './generate.ts';
import { chatSampler, completeSampler } from './sampling.ts';

const signal = new AbortController().signal;
const options = { threads: 0, contextLength: 0 };

function engineWith(script: FakeScript = {}) {
  const states: EngineState[] = [];
  const native = fakeNative(script);
  const engine = new Engine(new ModelSlot(() => native), options, (state) => states.push(state));
  return { engine, native, states };
}

const request = { prompt: Int32Array.of(1, 2, 3), maxTokens: 0, sampler: completeSampler({ seed: 1 }, chatSampler) };

describe('Engine', () => {
  test('announces loading, ready, answering and ready again', async () => {
    const { engine, states } = engineWith();
    await engine.load('/models/a.gguf', { signal });
    await engine.run(signal, (model, jobSignal) => generate(model, request, { signal: jobSignal }));
    expect(states.map((state) => state.kind)).toEqual(['loading', 'loading', 'ready', 'answering', 'ready']);
  });

  test('asks for a model by the code noModel', () => {
    const { engine } = engineWith();
    expect(() => engine.model).toThrow(expect.objectContaining({ code: 'noModel' }));
  });

  test('a second load drops the first model and ends its answer as cancelled', async () => {
    const { engine, native } = engineWith({ answer: () => 'x'.repeat(100_000), pieceLength: 1 });
    await engine.load('/models/a.gguf', { signal });
    const answer = engine.run(signal, (model, jobSignal) => generate(model, request, { signal: jobSignal }));
    const info = await engine.load('/models/b.gguf', { signal });
    expect((await answer).finishReason).toBe('cancelled');
    expect(native.unloaded).toBe(1);
    expect(info.path).toBe('/models/b.gguf');
  });

  test('refuses a model that the machine cannot hold, with numbers', async () => {
    const { engine, states } = engineWith({ totalMemory: 2 ** 20 });
    await expect(engine.load('/models/a.gguf', { signal })).rejects.toThrow(/needs 0\.0 GiB.*Choose a smaller model/u);
    expect(states.at(-1)).toMatchObject({ kind: 'failed', data: { code: 'outOfMemory' } });
  });

  test('keeps the code of an error made by the addon', async () => {
    const loadError = Object.assign(new Error('The file ends inside its header.'), { code: 'invalidModel' });
    const { engine } = engineWith({ loadError });
    const error = await engine.load('/models/a.gguf', { signal }).catch((caught: unknown) => caught);
    expect(EngineError.is(error, 'invalidModel')).toBe(true);
  });

  test('hands the options that are set to the engine, and no others', async () => {
    const native = fakeNative();
    const snapshots = { folder: '/cache', bytes: 7 };
    await new Engine(new ModelSlot(() => native), {
      ...options,
      prefixCacheBytes: 5,
      compactCache: true,
      exact: true,
      polite: true,
      snapshots,
    }).load('/models/a.gguf', { signal });
    await new Engine(new ModelSlot(() => native), options).load('/models/a.gguf', { signal });
    expect(native.loadOptions[0]).toMatchObject({
      prefixCacheBytes: 5,
      compactCache: true,
      exact: true,
      polite: true,
      snapshotFolder: '/cache',
      snapshotBytes: 7,
    });
    expect(Object.keys(native.loadOptions[1] ?? {})).toEqual(['contextLength', 'threads']);
  });

  test('clears the cache of what is loaded, if anything is', async () => {
    const { engine, native } = engineWith();
    await engine.clearCache();
    await engine.load('/models/a.gguf', { signal });
    await engine.clearCache();
    expect(native.cleared).toBe(1);
  });

  test('unload gives the model back', async () => {
    const { engine, native } = engineWith();
    await engine.load('/models/a.gguf', { signal });
    await engine.unload();
    expect(native.unloaded).toBe(1);
    expect(engine.state).toEqual({ kind: 'noModel' });
  });
});

describe('generate', () => {
  test('keeps the partial text when cancelled', async () => {
    const { engine } = engineWith({ answer: () => 'abcdefgh'.repeat(1000) });
    await engine.load('/models/a.gguf', { signal });
    const stop = new AbortController();
    const result = await engine.run(stop.signal, (model, jobSignal) =>
      generate(model, request, { signal: jobSignal, onText: () => stop.abort() }),
    );
    expect(result).toMatchObject({ text: 'abcd', finishReason: 'cancelled' });
  });
});
