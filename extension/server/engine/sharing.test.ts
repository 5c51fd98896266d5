/** Two clients on one slot, as two windows on one process. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EngineState } from '../../protocol/server.ts';
import { fakeNative } from '../testing/fake-native.ts';
import type { FakeScript } from '../testing/fake-native.ts';
import { Engine } from './engine.ts';
import { generate } from './generate.ts';
import { ModelSlot } from './model-slot.ts';
import { chatSampler, completeSampler } from './sampling.ts';

const signal = new AbortController().signal;
const request = { prompt: Int32Array.of(1, 2, 3), maxTokens: 0, sampler: completeSampler({ seed: 1 }, chatSampler) };
const long: FakeScript = { answer: () => 'x'.repeat(2000), pieceLength: 1 };

function pair(script: FakeScript = {}, contextLengths: readonly [number, number] = [0, 0]) {
  const native = fakeNative(script);
  const slot = new ModelSlot(() => native);
  const client = (contextLength: number) => {
    const states: EngineState[] = [];
    return { engine: new Engine(slot, { threads: 0, contextLength }, (state) => states.push(state)), states };
  };
  return { native, slot, one: client(contextLengths[0]), two: client(contextLengths[1]) };
}

const ask = (engine: Engine, stop = signal) =>
  engine.run(stop, async (model, either) => {
    const { finishReason } = await generate(model, request, { signal: either });
    return { path: model.info.path, finishReason };
  });

describe('two clients', () => {
  test('the same model is loaded once, also while the first answers', async () => {
    const { native, one, two } = pair(long);
    await one.engine.load('/models/a.gguf', { signal });
    const answer = ask(one.engine);
    await vi.waitFor(() => expect(one.engine.state.kind).toBe('answering'));
    await two.engine.load('/models/a.gguf', { signal });
    expect(one.engine.state.kind).toBe('answering');
    expect(native.loadOptions).toHaveLength(1);
    expect((await answer).finishReason).toBe('stop');
    await ask(two.engine);
    expect(native.loadOptions).toHaveLength(1);
  });

  test('each is answered by the model that it has loaded, and hears when it is another', async () => {
    const { one, two } = pair();
    await one.engine.load('/models/a.gguf', { signal });
    expect(two.states.at(-1)).toMatchObject({ kind: 'ready', otherModel: true });
    await two.engine.load('/models/b.gguf', { signal });
    expect(one.states.at(-1)).toMatchObject({ kind: 'ready', otherModel: true });
    expect(two.states.at(-1)).not.toHaveProperty('otherModel');
    expect(one.engine.info?.path).toBe('/models/a.gguf');
    expect(() => one.engine.model).toThrow(expect.objectContaining({ code: 'noModel' }));
    const answers = await Promise.all([ask(one.engine), ask(two.engine), ask(one.engine)]);
    expect(answers.map(({ path }) => path)).toEqual(['/models/a.gguf', '/models/b.gguf', '/models/a.gguf']);
  });

  test('are answered at the same time', async () => {
    const { one, two } = pair(long);
    await one.engine.load('/models/a.gguf', { signal });
    await two.engine.load('/models/a.gguf', { signal });
    const answers = [ask(one.engine), ask(two.engine)];
    await vi.waitFor(() => expect(two.engine.state).toMatchObject({ kind: 'answering' }));
    expect(one.engine.state).not.toHaveProperty('elsewhere');
    expect(two.engine.state).not.toHaveProperty('elsewhere');
    await Promise.all(answers);
    expect(one.engine.state.kind).toBe('ready');
  });

  test('other settings are another model', async () => {
    const { native, one, two } = pair({}, [1024, 2048]);
    await one.engine.load('/models/a.gguf', { signal });
    await two.engine.load('/models/a.gguf', { signal });
    await ask(one.engine);
    expect(native.loadOptions).toHaveLength(3);
  });

  test('a load waits for the answer of the other and cancels its own, unless it is patient', async () => {
    const { one, two } = pair(long);
    await one.engine.load('/models/a.gguf', { signal });
    const others = ask(one.engine);
    await two.engine.load('/models/b.gguf', { signal });
    expect((await others).finishReason).toBe('stop');
    const own = ask(two.engine);
    await two.engine.load('/models/c.gguf', { signal, patient: true });
    expect((await own).finishReason).toBe('stop');
    const cancelled = ask(two.engine);
    await two.engine.load('/models/d.gguf', { signal });
    expect((await cancelled).finishReason).toBe('cancelled');
  });

  test('a client that goes away cancels its own jobs and loads only', async () => {
    const { one, two } = pair(long);
    await one.engine.load('/models/a.gguf', { signal });
    await two.engine.load('/models/a.gguf', { signal });
    const [running, second, others] = [ask(one.engine), ask(one.engine), ask(two.engine)];
    one.engine.close();
    expect((await running).finishReason).toBe('cancelled');
    expect((await second).finishReason).toBe('cancelled');
    expect((await others).finishReason).toBe('stop');
    const before = one.states.length;
    await ask(two.engine);
    expect(one.states).toHaveLength(before);
  });

  test('says whom it answers; a failure is told to who caused it', async () => {
    const { native, one, two } = pair(long);
    await one.engine.load('/models/a.gguf', { signal });
    await two.engine.load('/models/a.gguf', { signal });
    const answer = ask(one.engine);
    await vi.waitFor(() => expect(one.engine.state.kind).toBe('answering'));
    expect(one.engine.state).not.toHaveProperty('elsewhere');
    expect(two.engine.state).toMatchObject({ kind: 'answering', elsewhere: true });
    await answer;
    native.inspect = () => {
      throw Object.assign(new Error('Broken.'), { code: 'invalidModel' });
    };
    await expect(two.engine.load('/models/b.gguf', { signal })).rejects.toMatchObject({ code: 'invalidModel' });
    expect(two.engine.state).toMatchObject({ kind: 'failed', data: { code: 'invalidModel' } });
    expect(one.engine.state).toEqual({ kind: 'noModel' });
  });

  test('unloading frees the model for all; the next request of the other loads it again', async () => {
    const { native, one, two } = pair(long);
    await one.engine.load('/models/a.gguf', { signal });
    const answer = ask(one.engine);
    await two.engine.unload();
    expect((await answer).finishReason).toBe('stop');
    expect(native.unloaded).toBe(1);
    expect(one.states.at(-1)).toEqual({ kind: 'noModel' });
    await expect(ask(two.engine)).rejects.toMatchObject({ code: 'noModel' });
    expect((await ask(one.engine)).path).toBe('/models/a.gguf');
  });
});

describe('a model that nobody uses', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const pathOf = (engine: Engine) => engine.run(signal, (model) => Promise.resolve(model.info.path));

  test('leaves the memory after the time of the most patient client, and comes back for the next question', async () => {
    const native = fakeNative();
    const slot = new ModelSlot(() => native);
    const states: EngineState[] = [];
    const options = { threads: 0, contextLength: 0 };
    const one = new Engine(slot, options, (state) => states.push(state), 1000);
    const two = new Engine(slot, options, () => {}, 5000);
    await one.load('/models/a.gguf', { signal });
    await vi.advanceTimersByTimeAsync(4999);
    expect(native.unloaded).toBe(0);
    await pathOf(one);
    await vi.advanceTimersByTimeAsync(4999);
    expect(native.unloaded).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(native.unloaded).toBe(1);
    expect(states.at(-1)).toMatchObject({ kind: 'resting', model: { path: '/models/a.gguf' } });
    expect(two.state).toMatchObject({ kind: 'resting', otherModel: true });
    expect(await pathOf(one)).toBe('/models/a.gguf');
    expect(native.loadOptions).toHaveLength(2);
    expect(one.state.kind).toBe('ready');
  });

  test('stays while somebody is answered, and where a client wants it to', async () => {
    const native = fakeNative();
    const slot = new ModelSlot(() => native);
    const one = new Engine(slot, { threads: 0, contextLength: 0 }, () => {}, 1000);
    await one.load('/models/a.gguf', { signal });
    let end = (): void => {};
    const answer = one.run(signal, () => new Promise<void>((resolve) => (end = resolve)));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(native.unloaded).toBe(0);
    const two = new Engine(slot, { threads: 0, contextLength: 0 });
    end();
    await answer;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(native.unloaded).toBe(0);
    two.close();
    await vi.advanceTimersByTimeAsync(1000);
    expect(native.unloaded).toBe(1);
    expect((await one.awake(signal)).info.path).toBe('/models/a.gguf');
  });
});
