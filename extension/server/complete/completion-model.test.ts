import { describe, expect, test } from 'vitest';
import { Engine } from '../engine/engine.ts';
import { ModelSlot } from '../engine/model-slot.ts';
import type { ModelEntry } from '../../protocol/server.ts';
import { fakeNative } from '../testing/fake-native.ts';
import type { FakeScript } from '../testing/fake-native.ts';
import { CompletionModel } from './completion-model.ts';

const { signal } = new AbortController();
const mebibyte = 2 ** 20;

const entry = (id: string, megabytes: number, more: Partial<ModelEntry> = {}): ModelEntry => ({
  id,
  title: id,
  description: id,
  licence: 'MIT',
  fileBytes: 1,
  partialBytes: 0,
  state: 'installed',
  path: `/models/${id}.gguf`,
  recommended: false,
  completes: true,
  source: 'catalogue',
  memory: { weights: 0, kvCache: 0, scratch: 0, prefixCache: 1, total: megabytes * mebibyte + 1 },
  fit: 'fits',
  ...more,
});

function setUp(models: readonly ModelEntry[], { wanted = '', available = 1000, script = {} } = {}) {
  const native = fakeNative(script);
  const engineOf = (): Engine => new Engine(new ModelSlot(() => native), { threads: 0, contextLength: 0 });
  const [chat, own] = [engineOf(), engineOf()];
  let lists = 0;
  const completing = new CompletionModel({
    chat,
    own,
    wanted,
    models: () => Promise.resolve((lists++, models)),
    resolve: (name) => Promise.resolve(`/models/${name}.gguf`),
    available: () => available * mebibyte,
  });
  const path = () => completing.run(signal, (model) => Promise.resolve(model.info.path));
  return { chat, own, completing, path, lists: () => lists, loads: () => native.loadOptions.length };
}

describe('who completes', () => {
  test('the smallest model that was made for it and fits, beside the one that answers', async () => {
    const models = [entry('large', 900), entry('small', 300), entry('chat-only', 10, { completes: false })];
    const { chat, own, path, lists } = setUp([...models, entry('absent', 20, { state: 'available' })]);
    await chat.load('/models/large.gguf', { signal });
    expect([await path(), await path()]).toEqual(['/models/small.gguf', '/models/small.gguf']);
    expect([chat.model.info.path, own.model.info.path]).toEqual(['/models/large.gguf', '/models/small.gguf']);
    expect(lists()).toBe(1);
  });

  test('the one that answers, when it is the smallest or there is no memory for another', async () => {
    const same = setUp([entry('large', 900), entry('small', 300)]);
    await same.chat.load('/models/small.gguf', { signal });
    expect(await same.path()).toBe('/models/small.gguf');
    expect(same.own.info).toBeUndefined();
    const full = setUp([entry('large', 900), entry('small', 300)], { available: 200 });
    await full.chat.load('/models/large.gguf', { signal });
    expect(await full.path()).toBe('/models/large.gguf');
  });

  test('nobody where the one that answers would have to be loaded for it', async () => {
    await expect(setUp([]).path()).rejects.toMatchObject({ code: 'noModel' });
  });

  test('it is loaded once for all keys, also when the first one is cancelled', async () => {
    const { completing, path, loads } = setUp([entry('small', 300)]);
    const key = new AbortController();
    const first = completing.run(key.signal, () => Promise.resolve('first'));
    key.abort();
    expect(await path()).toBe('/models/small.gguf');
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    expect(loads()).toBe(1);
  });

  test('the one that the user wants', async () => {
    const { chat, path } = setUp([entry('small', 300)], { wanted: 'base', available: 1 });
    await chat.load('/models/large.gguf', { signal });
    expect(await path()).toBe('/models/base.gguf');
  });

  test('the one that answers, when the other cannot be loaded; that is not tried at every key', async () => {
    const script: FakeScript = {};
    const { chat, path, lists } = setUp([entry('small', 300)], { script });
    await chat.load('/models/large.gguf', { signal });
    Object.assign(script, { loadError: Object.assign(new Error('damaged'), { code: 'invalidModel' }) });
    expect([await path(), await path()]).toEqual(['/models/large.gguf', '/models/large.gguf']);
    expect(lists()).toBe(2);
  });
});
