import { expect, it } from 'vitest';
import type { EngineView, ModelsView } from '../../protocol/webview.ts';
import { statusText } from './status-text.ts';

const t = (message: string, ...values: (string | number)[]): string =>
  message.replaceAll(/\{(\d)\}/g, (_whole, index: string) => String(values[Number(index)]));
const model = { name: 'Qwen', contextLength: 8192, threads: 2 } as Extract<EngineView, { kind: 'ready' }>['model'];

it('tells the truth in every state, with a text for screen readers that has no icons', () => {
  const states: [EngineView, string][] = [
    [{ kind: 'idle' }, 'Paddock'],
    [{ kind: 'starting' }, 'Paddock: starting'],
    [{ kind: 'noModel' }, 'Paddock: no model'],
    [{ kind: 'loading', model: 'Qwen', fraction: 0.456 }, 'Paddock: loading 45 %'],
    [{ kind: 'ready', model }, 'Paddock: ready'],
    [{ kind: 'answering', model }, 'Paddock: answering'],
    [{ kind: 'restarting', message: 'It stopped.', delayMs: 500 }, 'Paddock: restarting'],
    [{ kind: 'failed', message: 'It failed.', data: { code: 'internal' } }, 'Paddock: failed'],
  ];
  for (const [state, label] of states) {
    const status = statusText(state, undefined, t);
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
  expect(statusText({ kind: 'noModel' }, models, t).label).toBe('Paddock: downloading 50 %');
  expect(statusText({ kind: 'answering', model }, models, t).label).toBe('Paddock: answering');
});

it('calls the model by its title in the catalogue, as the chat does', () => {
  const entry = { id: 'q', title: 'Qwen Coder', path: '/q.gguf' } as ModelsView['entries'][number];
  const models = { entries: [entry], current: 'q', totalMemory: 1, availableMemory: 1, downloads: [] };
  const running = { ...model, path: '/q.gguf' };
  expect(statusText({ kind: 'ready', model: running }, models, t).tooltip).toMatch(/^Qwen Coder ·/u);
  expect(statusText({ kind: 'answering', model: running }, models, t).tooltip).toBe('Qwen Coder is answering.');
});

it('says when another window is answered, and when it uses another model', () => {
  const entries = ['q', 'r'].map(
    (id) => ({ id, title: id.toUpperCase(), path: `/${id}.gguf` }) as ModelsView['entries'][number],
  );
  const models = { entries, current: 'q', totalMemory: 1, availableMemory: 1, downloads: [] };
  const other = { ...model, path: '/r.gguf' };
  const busy = statusText({ kind: 'answering', model: other, otherModel: true, elsewhere: true }, models, t);
  expect(busy).toMatchObject({ label: 'Paddock: busy', tooltip: 'R is answering in another window.' });
  const ready = statusText({ kind: 'ready', model: other, otherModel: true }, models, t);
  expect(ready.tooltip).toBe('Another window uses R. Your next question loads Q again.');
  const same = statusText({ kind: 'ready', model: { ...model, path: '/q.gguf' }, otherModel: true }, models, t);
  expect(same.tooltip).toMatch(/^Q ·/u);
});
