import { expect, it } from 'vitest';
import type { EngineState } from '../../protocol/server.ts';
import type { EngineView, ModelsView } from '../../protocol/webview.ts';
import { statusText } from './status-text.ts';

const t = (message: string, ...values: (string | number)[]): string =>
  message.replaceAll(/\{(\d)\}/g, (_whole, index: string) => String(values[Number(index)]));
const textOf = (engine: EngineView, models: ModelsView | undefined, completion: EngineState = { kind: 'noModel' }) =>
  statusText(engine, completion, models, t);
const memory = { total: 3e6 };
const model = { name: 'Qwen', contextLength: 8192, threads: 2, memory } as Extract<
  EngineView,
  { kind: 'ready' }
>['model'];

it('tells the truth in every state, with a text for screen readers that has no icons', () => {
  const states: [EngineView, string][] = [
    [{ kind: 'idle' }, 'Paddock'],
    [{ kind: 'starting' }, 'Paddock: starting'],
    [{ kind: 'noModel' }, 'Paddock: no model'],
    [{ kind: 'loading', model: 'Qwen', fraction: 0.456 }, 'Paddock: loading 45 %'],
    [{ kind: 'ready', model }, 'Paddock: ready'],
    [{ kind: 'answering', model }, 'Paddock: answering'],
    [{ kind: 'resting', model }, 'Paddock: ready'],
    [{ kind: 'restarting', message: 'It stopped.', delayMs: 500 }, 'Paddock: restarting'],
    [{ kind: 'failed', message: 'It failed.', data: { code: 'internal' } }, 'Paddock: failed'],
  ];
  for (const [state, label] of states) {
    const status = textOf(state, undefined);
    expect(status.label).toBe(label);
    expect(status.text).toMatch(/^\$\([\w~-]+\) Paddock/);
    expect(status.tooltip).not.toBe('');
  }
});

it('shows a download, but not instead of an answer', () => {
  const progress = {
    phase: 'downloading',
    receivedBytes: 30,
    totalBytes: 60,
    bytesPerSecond: 1,
    remainingSeconds: 30,
    source: 'hub',
  } as const;
  const downloads = [{ id: 'm', progress, error: undefined }];
  const models = { entries: [], current: undefined, totalMemory: 1, availableMemory: 1, downloads };
  expect(textOf({ kind: 'noModel' }, models).label).toBe('Paddock: downloading 50 %');
  expect(textOf({ kind: 'answering', model }, models).label).toBe('Paddock: answering');
});

it('calls the model by its title in the catalogue, as the chat does', () => {
  const entry = { id: 'q', title: 'Qwen Coder', path: '/q.gguf' } as ModelsView['entries'][number];
  const models = { entries: [entry], current: 'q', totalMemory: 1, availableMemory: 1, downloads: [] };
  const running = { ...model, path: '/q.gguf' };
  expect(textOf({ kind: 'ready', model: running }, models).tooltip).toMatch(/^Qwen Coder ·/u);
  expect(textOf({ kind: 'answering', model: running }, models).tooltip).toBe('Qwen Coder is answering.');
});

it('says when another window is answered, and when it uses another model', () => {
  const entries = ['q', 'r'].map(
    (id) => ({ id, title: id.toUpperCase(), path: `/${id}.gguf` }) as ModelsView['entries'][number],
  );
  const models = { entries, current: 'q', totalMemory: 1, availableMemory: 1, downloads: [] };
  const other = { ...model, path: '/r.gguf' };
  const busy = textOf({ kind: 'answering', model: other, otherModel: true, elsewhere: true }, models);
  expect(busy).toMatchObject({ label: 'Paddock: busy', tooltip: 'R is answering in another window.' });
  const ready = textOf({ kind: 'ready', model: other, otherModel: true }, models);
  expect(ready.tooltip).toBe('Another window uses R. Your next question loads Q again.');
  const same = textOf({ kind: 'ready', model: { ...model, path: '/q.gguf' }, otherModel: true }, models);
  expect(same.tooltip).toMatch(/^Q ·/u);
});

it('says which model completes code, and what it does', () => {
  const entry = { id: 's', title: 'Small', path: '/s.gguf' } as ModelsView['entries'][number];
  const models = { entries: [entry], current: undefined, totalMemory: 1, availableMemory: 1, downloads: [] };
  const small = { ...model, path: '/s.gguf' };
  const lines = (completion: EngineState) => textOf({ kind: 'ready', model }, models, completion).tooltip.split('\n');
  expect(lines({ kind: 'noModel' })).toHaveLength(1);
  expect(lines({ kind: 'ready', model: small })[1]).toBe('Completions: Small · 3.0 MB of memory');
  expect(textOf({ kind: 'noModel' }, models, { kind: 'ready', model: small }).label).toBe('Paddock: completing');
  expect(lines({ kind: 'resting', model: small })[1]).toBe('Completions: Small, unloaded while nobody types');
  expect(lines({ kind: 'loading', model: 's', fraction: 0.5 })[1]).toBe('Completions: loading a model, 50 %');
});
