import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RestWatch } from './rest-watch.ts';

type Listener = (event: object) => void;
const { listeners, event } = vi.hoisted(() => {
  const listeners: Record<string, Listener[]> = { text: [], selection: [] };
  const event = (name: string) => (listener: Listener) => {
    listeners[name]?.push(listener);
    return { dispose: () => (listeners[name] = []) };
  };
  return { listeners, event };
});
vi.mock('vscode', () => ({
  workspace: { onDidChangeTextDocument: event('text') },
  window: { onDidChangeTextEditorSelection: event('selection') },
}));
const fire = (name: string, what: object): void => listeners[name]?.forEach((listener) => listener(what));
const move = (document: object, cursors = 1): void =>
  fire('selection', { textEditor: { document }, selections: Array.from({ length: cursors }, () => ({})) });
const edit = (document: object): void => fire('text', { document, contentChanges: [{}] });

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('tells where the cursor rests, in documents that are edited', () => {
  const rested: object[] = [];
  const watch = new RestWatch(({ document }) => rested.push(document));
  const [edited, read] = [{}, {}];
  edit(edited);
  vi.advanceTimersByTime(1000);
  move(read);
  vi.advanceTimersByTime(1000);
  expect(rested).toEqual([]);
  move(edited);
  vi.advanceTimersByTime(249);
  move(edited);
  vi.advanceTimersByTime(249);
  expect(rested).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(rested).toEqual([edited]);
  // Typing moves the cursor, several of them are no place, and a key comes before the rest.
  edit(edited);
  move(edited);
  vi.advanceTimersByTime(1000);
  move(edited, 2);
  vi.advanceTimersByTime(1000);
  move(edited);
  edit(edited);
  vi.advanceTimersByTime(1000);
  expect(rested).toHaveLength(1);
  move(edited);
  watch.dispose();
  vi.advanceTimersByTime(1000);
  expect(rested).toHaveLength(1);
});
