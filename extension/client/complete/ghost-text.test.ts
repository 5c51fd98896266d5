import { beforeEach, expect, test, vi } from 'vitest';
import { InlineCompletionTriggerKind, type InlineCompletionContext } from 'vscode';
import type { CompleteParams } from '../../protocol/server.ts';
import { EngineError } from '../lib/engine-error.ts';
import { Position, Range } from './fake-places.ts';
import { GhostText } from './ghost-text.ts';

const { config, InlineCompletionItem } = vi.hoisted(() => {
  class InlineCompletionItem {
    readonly insertText: string;
    constructor(insertText: string) {
      this.insertText = insertText;
    }
  }
  return { config: { on: true }, InlineCompletionItem };
});

vi.mock('vscode', async () => ({
  ...(await import('./fake-places.ts')),
  InlineCompletionItem,
  InlineCompletionTriggerKind: { Invoke: 0, Automatic: 1 },
  l10n: { t: (text: string) => text },
  languages: { registerInlineCompletionItemProvider: () => ({ dispose: () => undefined }) },
  window: {
    setStatusBarMessage: () => undefined,
    onDidChangeTextEditorSelection: () => ({ dispose: () => undefined }),
    onDidChangeActiveTextEditor: () => ({ dispose: () => undefined }),
    onDidChangeTextEditorVisibleRanges: () => ({ dispose: () => undefined }),
  },
  workspace: {
    asRelativePath: () => 'src/a.ts',
    getConfiguration: () => ({ get: () => config.on }),
    getWorkspaceFolder: () => ({ uri: { fsPath: '/work' } }),
    onDidChangeTextDocument: () => ({ dispose: () => undefined }),
  },
}));

/** A document, and a way to give it another text. */
function documentAt(path: string) {
  let text = '';
  const lines = (): string[] => text.split('\n');
  const offset = ({ line, character }: { line: number; character: number }): number =>
    lines()
      .slice(0, line)
      .reduce((sum, one) => sum + one.length + 1, 0) + character;
  const document = {
    uri: { scheme: 'file', path, toString: () => `file://${path}` },
    languageId: 'typescript',
    get lineCount() {
      return lines().length;
    },
    lineAt: (line: number) => ({ range: { end: new Position(line, lines()[line]?.length ?? 0) } }),
    getText: ({ start, end }: Range) => text.slice(offset(start), offset(end)),
  };
  return { document, change: (changed: string) => (text = changed) };
}

interface Progress {
  readonly onPart: (part: string) => void;
}

function setUp(...answers: readonly string[]) {
  const asked: CompleteParams[] = [];
  let changed = (): void => undefined;
  const models = {
    onDidChange: (listener: () => void) => {
      changed = listener;
      return { dispose: () => undefined };
    },
  };
  const used = { value: false, get: () => used.value, set: () => (used.value = true) };
  const engine = {
    pid: 1 as number | undefined,
    error: undefined as Error | undefined,
    /** Text streamed before the result, and a promise that holds the result back. */
    says: '',
    held: undefined as Promise<void> | undefined,
    request: async (_: unknown, params: CompleteParams, { progress }: { progress: Progress }) => {
      asked.push(params);
      if (engine.error !== undefined) return Promise.reject(engine.error);
      progress.onPart(engine.says);
      await engine.held;
      return Promise.resolve({ texts: params.automatic ? answers.slice(0, 1) : answers });
    },
  };
  const ghost = new GhostText({ engine, models, used, log: { debug: () => undefined } } as never);
  const own = documentAt('/src/a.ts');
  /** The completion at the mark `|`. */
  const at = async (code: string, more: object = {}, path?: string) => {
    const before = code.split('|')[0] ?? '';
    const position = new Position(before.split('\n').length - 1, before.split('\n').at(-1)?.length ?? 0);
    const { document, change } = path === undefined ? own : documentAt(path);
    change(code.replace('|', ''));
    const context: InlineCompletionContext = {
      triggerKind: InlineCompletionTriggerKind.Automatic,
      selectedCompletionInfo: undefined,
      ...more,
    };
    const token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };
    const items = await ghost.provideInlineCompletionItems(document as never, position as never, context, token);
    return items.map(({ insertText }) => insertText);
  };
  return { asked, engine, used, ghost, at, modelsChange: () => changed() };
}

beforeEach(() => {
  config.on = true;
});

test('asks with what stands around the cursor, once while its answer is typed', async () => {
  const { asked, at } = setUp('first + second;');
  expect(await at('let a = |\nb();')).toEqual(['first + second;']);
  expect(asked).toEqual([
    {
      path: 'src/a.ts',
      languageId: 'typescript',
      prefix: 'let a = ',
      suffix: '\nb();',
      folder: '/work',
      recent: [],
      automatic: true,
      inComments: true,
    },
  ]);
  expect(await at('let a = fir|\nb();')).toEqual(['st + second;']);
  expect(asked).toHaveLength(1);
});

test('goes on from what is chosen in the list of suggestions', async () => {
  const { asked, at } = setUp('(1);');
  const range = new Range(new Position(0, 2), new Position(0, 4));
  expect(await at('x.fo|\n', { selectedCompletionInfo: { range, text: 'format' } })).toEqual(['format(1);']);
  expect(asked[0]?.prefix).toBe('x.format');
});

test('typing starts no process for who has never used it', async () => {
  const { asked, engine, used, at } = setUp('x');
  engine.pid = undefined;
  expect(await at('a|')).toEqual([]);
  expect(await at('a|', { triggerKind: InlineCompletionTriggerKind.Invoke })).toEqual(['x']);
  expect([asked.length, used.value]).toEqual([1, true]);
  expect(await at('ab|')).toEqual(['x']);
});

test('what is typed as the model says it needs no other request', async () => {
  const { asked, engine, at } = setUp('return x;', 'other');
  let go = (): void => undefined;
  engine.held = new Promise((resolve) => (go = resolve));
  engine.says = 'return';
  const first = at('  |\n');
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  const second = at('  re|\n');
  const third = at('  ret|\n');
  go();
  // VS Code has given the first two up.
  expect([await first, await second, await third]).toEqual([[], [], ['urn x;']]);
  expect(asked).toHaveLength(1);
  engine.held = undefined;
  expect(await at('  rex|\n')).toEqual(['return x;']);
  expect(asked).toHaveLength(2);
});

test('what comes behind a line is there when the line is accepted', async () => {
  const { asked, at } = setUp('first();');
  expect(await at('|\n')).toEqual(['first();']);
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  expect(asked[1]).toMatchObject({ prefix: 'first();', suffix: '\n', automatic: true });
  expect(await at('first();|\n')).toEqual(['first();']);
  expect(asked).toHaveLength(2);
});

test('who accepts soon waits for what is on its way already', async () => {
  const { asked, engine, at } = setUp('first();');
  expect(await at('|\n')).toEqual(['first();']);
  let go = (): void => undefined;
  engine.held = new Promise((resolve) => (go = resolve));
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  const next = at('first();|\n');
  go();
  expect(await next).toEqual(['first();']);
  expect(asked).toHaveLength(2);
});

test('where the model says more than is shown, what is typed beyond that is a new place', async () => {
  const { asked, engine, at } = setUp('re');
  let go = (): void => undefined;
  engine.held = new Promise((resolve) => (go = resolve));
  engine.says = 'return x;';
  const first = at('  |\n');
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  const second = at('  ret|\n');
  engine.says = '';
  go();
  expect([await first, await second]).toEqual([[], ['re']]);
  expect(asked).toHaveLength(2);
});

test('where no model completes it is not asked for at every key', async () => {
  const { asked, engine, at, modelsChange } = setUp('x');
  engine.error = new EngineError('noModel', 'No model is loaded.');
  expect([await at('a|'), await at('ab|')]).toEqual([[], []]);
  expect(asked).toHaveLength(1);
  engine.error = undefined;
  modelsChange();
  expect(await at('abc|')).toEqual(['x']);
});

test('who asks is given several, also where one came by itself', async () => {
  const { asked, at } = setUp('first', 'second');
  expect(await at('a|')).toEqual(['first']);
  expect(await at('a|', { triggerKind: InlineCompletionTriggerKind.Invoke })).toEqual(['first', 'second']);
  expect(asked.map(({ automatic }) => automatic)).toEqual([true, false]);
});

test('of a long document the first lines are sent as well', async () => {
  const { asked, at } = setUp('x');
  const lines = Array.from({ length: 2000 }, (_, index) => `line ${index}`);
  await at(`import a;\n${lines.join('\n')}|`);
  expect(asked[0]?.prefix).toMatch(/^import a;\nline 0\n/u);
  expect(asked[0]?.prefix).toMatch(/line 98\nline 1399\n/u);
});

test('shows nothing in files with secrets, where it is off, and while it is snoozed', async () => {
  const { asked, ghost, at } = setUp('x');
  expect(await at('KEY=|', {}, '/src/.env')).toEqual([]);
  config.on = false;
  expect(await at('a|')).toEqual([]);
  config.on = true;
  ghost.snooze();
  expect(await at('a|')).toEqual([]);
  expect(asked).toEqual([]);
});
