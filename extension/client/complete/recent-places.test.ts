import { expect, test, vi } from 'vitest';
import { RecentPlaces } from './recent-places.ts';

type Listener = (event: unknown) => void;
const { listeners } = vi.hoisted(() => ({ listeners: {} as Record<string, Listener> }));

vi.mock('vscode', async () => {
  const on = (name: string) => (listener: Listener) => {
    listeners[name] = listener;
    return { dispose: () => delete listeners[name] };
  };
  return {
    ...(await import('./fake-places.ts')),
    window: {
      onDidChangeTextEditorSelection: on('selection'),
      onDidChangeTextEditorVisibleRanges: on('visible'),
    },
    workspace: {
      onDidChangeTextDocument: on('change'),
      asRelativePath: ({ path }: { path: string }) => path.slice('/work/'.length),
      getWorkspaceFolder: ({ path }: { path: string }) => (path.startsWith('/work/') ? {} : undefined),
    },
  };
});

function documentOf(path: string, lineCount = 200) {
  const reads: number[] = [];
  return {
    reads,
    uri: { scheme: 'file', path },
    isClosed: false,
    lineCount,
    getText: ({ start, end }: { start: { line: number }; end: { line: number } }) => {
      reads.push(start.line);
      const last = Math.min(end.line, lineCount);
      return Array.from({ length: last - start.line }, (_, index) => `line ${start.line + index}\n`).join('');
    },
  };
}

const edit = (document: unknown, line: number) =>
  listeners['change']?.({ document, contentChanges: [{ range: { start: { line } } }] });
const select = (document: unknown, line: number) =>
  listeners['selection']?.({ textEditor: { document }, selections: [{ active: { line } }] });
const scroll = (document: unknown, start: number, end: number) =>
  listeners['visible']?.({
    textEditor: { document },
    visibleRanges: [{ start: { line: start }, end: { line: end } }],
  });

test('places are noted without their text, the latest last, and near ones once', () => {
  const places = new RecentPlaces();
  const [a, b] = [documentOf('/work/a.ts'), documentOf('/work/b.ts')];
  edit(a, 100);
  select(b, 10);
  select(a, 110);
  scroll(b, 120, 160);
  expect([...a.reads, ...b.reads]).toEqual([]);
  expect(places.collect().map(({ path, startLine }) => [path, startLine])).toEqual([
    ['b.ts', 1],
    ['a.ts', 81],
    ['b.ts', 111],
  ]);
  expect(places.collect()[1]?.text.split('\n')).toHaveLength(61);
  places.dispose();
  expect(listeners).toEqual({});
});

test('secrets, what lies outside and what is closed are left out, and there are at most twelve', () => {
  const places = new RecentPlaces();
  for (const path of ['/work/.env', '/elsewhere/a.ts']) edit(documentOf(path), 1);
  const closed = { ...documentOf('/work/c.ts'), isClosed: true };
  edit(closed, 1);
  expect(places.collect()).toEqual([]);
  for (let index = 0; index < 20; index++) edit(documentOf(`/work/${index}.ts`), 1);
  expect(places.collect().map(({ path }) => path)).toEqual(Array.from({ length: 12 }, (_, at) => `${at + 8}.ts`));
});
