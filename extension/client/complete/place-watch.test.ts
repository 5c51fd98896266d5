import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import { Position } from './fake-places.ts';
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
const position = new Position(3, 4);
const setUp = (says = '') => {
  const given = new CancellationTokenSource();
  const agrees = (typed: string): boolean => says.startsWith(typed);
  const watch = new PlaceWatch({ document, position: position as never }, agrees);
  watch.follow(given.token);
  const type = (text: string, start = position, rangeLength = 0): void => {
    fire('text', { document, contentChanges: [{ range: { start }, rangeLength, text }] });
  };
  return { given, watch, type, left: () => watch.token.isCancellationRequested };
};

type Set = ReturnType<typeof setUp>;

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('a place is left at the next key, by moving away, and when VS Code cancels soon', () => {
  for (const leave of [
    ({ type }: Set) => type('x'),
    () => fire('selection', { textEditor: { document }, selections: [{ active: new Position(3, 5) }] }),
    () => fire('editor', {}),
  ]) {
    const set = setUp();
    const { watch, left } = set;
    fire('text', { document: {}, contentChanges: [{}] });
    fire('text', { document, contentChanges: [] });
    fire('selection', { textEditor: { document }, selections: [{ active: position }] });
    expect(left()).toBe(false);
    leave(set);
    expect(left()).toBe(true);
    watch.dispose();
  }
  const { given, left } = setUp();
  given.cancel();
  vi.advanceTimersByTime(20);
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

test('it is kept while what is typed agrees', () => {
  const { given, watch, type, left } = setUp('return');
  const next = new CancellationTokenSource();
  // VS Code cancels at each key, before or after it tells about it.
  given.cancel();
  type('re');
  fire('selection', { textEditor: { document }, selections: [{ active: new Position(3, 6) }] });
  vi.advanceTimersByTime(20);
  watch.follow(next.token);
  expect(left()).toBe(false);
  type('t', new Position(3, 6));
  next.cancel();
  const last = new CancellationTokenSource();
  watch.follow(last.token);
  vi.advanceTimersByTime(20);
  expect(left()).toBe(false);
  // Escape: no key of the text.
  last.cancel();
  vi.advanceTimersByTime(20);
  expect(left()).toBe(true);
});

test('a bracket that the editor closes is one key', () => {
  const { type, left } = setUp('(a)');
  type('()');
  fire('selection', { textEditor: { document }, selections: [{ active: new Position(3, 5) }] });
  type('a', new Position(3, 5));
  expect(left()).toBe(false);
  type('b', new Position(3, 6));
  expect(left()).toBe(true);
});

test('it is left by what disagrees, stands elsewhere, or replaces something', () => {
  for (const typed of [
    ({ type }: Set) => type('x'),
    ({ type }: Set) => type('r', new Position(3, 2)),
    ({ type }: Set) => type('r', position, 1),
    ({ type }: Set) => (type('r'), type('r', new Position(3, 5))),
  ]) {
    const set = setUp('return');
    typed(set);
    expect(set.left()).toBe(true);
    set.watch.dispose();
  }
});

test('nothing is listened to when it is over', () => {
  const before = Object.values(listeners).flat().length;
  setUp().watch.dispose();
  expect(Object.values(listeners).flat()).toHaveLength(before);
});
