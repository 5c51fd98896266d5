import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import { PlaceWatch } from './place-watch.ts';

type Listener = (event: object) => void;
const { listeners, event } = vi.hoisted(() => {
  const listeners: Record<string, Listener[]> = { text: [], selection: [], editor: [] };
  const event = (name: string) => (listener: Listener) => {
    listeners[name]?.push(listener);
    return { dispose: () => (listeners[name] = (listeners[name] ?? []).filter((other) => other !== listener)) };
  };
  return { listeners, event };
});
vi.mock('vscode', () => ({
  workspace: { onDidChangeTextDocument: event('text') },
  window: { onDidChangeTextEditorSelection: event('selection'), onDidChangeActiveTextEditor: event('editor') },
}));
const fire = (name: string, what: object): void => listeners[name]?.forEach((listener) => listener(what));

const document = {} as never;
const position = { isEqual: (other: unknown) => other === position } as never;
const setUp = () => {
  const given = new CancellationTokenSource();
  const watch = new PlaceWatch(document, position, given.token);
  return { given, watch, left: () => watch.token.isCancellationRequested };
};

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

test('a place is left at the next key, by moving away, and when VS Code cancels soon', () => {
  for (const leave of [
    () => fire('text', { document, contentChanges: [{}] }),
    () => fire('selection', { textEditor: { document }, selections: [{ active: { isEqual: () => false } }] }),
    () => fire('editor', {}),
  ]) {
    const { watch, left } = setUp();
    fire('text', { document: {}, contentChanges: [{}] });
    fire('text', { document, contentChanges: [] });
    fire('selection', { textEditor: { document }, selections: [{ active: { isEqual: () => true } }] });
    expect(left()).toBe(false);
    leave();
    expect(left()).toBe(true);
    watch.dispose();
  }
  const { given, left } = setUp();
  given.cancel();
  expect(left()).toBe(true);
});

test('it is not left because VS Code has lost its patience', () => {
  const { given, watch, left } = setUp();
  vi.advanceTimersByTime(740);
  given.cancel();
  expect(left()).toBe(false);
  watch.leave();
  expect(left()).toBe(true);
});

test('nothing is listened to when it is over', () => {
  const before = Object.values(listeners).flat().length;
  setUp().watch.dispose();
  expect(Object.values(listeners).flat()).toHaveLength(before);
});
