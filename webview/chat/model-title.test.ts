import { expect, test } from 'vitest';
import type { ModelInfo } from '../../extension/protocol/model.ts';
import type { ModelEntry } from '../../extension/protocol/server.ts';
import type { EngineView, ModelsView } from '../../extension/protocol/webview.ts';
import { modelTitle } from '../../extension/protocol/model-texts.ts';
import { splitSize } from './model-title.ts';

const entry = (id: string, title: string): ModelEntry => ({ id, title, path: `/models/${id}.gguf` }) as ModelEntry;
const models = { entries: [entry('a', 'Model A'), entry('b', 'Model B')], current: 'b' } as unknown as ModelsView;
const ready = (path: string): EngineView => ({ kind: 'ready', model: { path, name: 'name in the file' } as ModelInfo });
const loading: EngineView = { kind: 'loading', model: 'b.gguf', fraction: 0.5 };

test.each<[string, EngineView, ModelsView | undefined, string | undefined]>([
  ['the one that answers, whatever is chosen', ready('/models/a.gguf'), models, 'Model A'],
  ['a file that is in no list', ready('/elsewhere/c.gguf'), models, 'name in the file'],
  ['the one that is loaded', loading, models, 'Model B'],
  ['its file before the list is known', loading, undefined, 'b.gguf'],
  ['the one that comes back', { kind: 'restarting', message: '', delayMs: 500 }, models, 'Model B'],
  ['the one that is loaded when it is needed', { kind: 'idle' }, models, 'Model B'],
  ['none is there', { kind: 'idle' }, { ...models, current: undefined }, undefined],
  ['none before the list is known', { kind: 'starting' }, undefined, undefined],
  ['none works', { kind: 'failed', message: '', data: { code: 'internal' } as never }, models, undefined],
  ['none is loaded', { kind: 'noModel' }, models, undefined],
])('%s', (_, engine, list, title) => {
  expect(modelTitle(engine, list)).toBe(title);
});

test.each([
  ['Qwen2.5 Coder 1.5B Instruct', 'Qwen2.5 Coder', '1.5B'],
  ['SmolLM2 135M', 'SmolLM2', '135M'],
  ['my-model', 'my-model', ''],
  ['7B', '7B', ''],
])('keeps the size of %s apart', (title, before, size) => {
  expect(splitSize(title)).toEqual({ before, size });
});
