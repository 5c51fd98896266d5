import { expect, it, vi } from 'vitest';
import { EngineError } from '../lib/engine-error.ts';
import { EditCommands } from './edit-commands.ts';
import { EditRunner } from './edit-run.ts';

const { shown, opened, document } = vi.hoisted(() => {
  const range = { start: { line: 0 }, end: { line: 0 } };
  return {
    shown: [] as string[],
    opened: [] as unknown[],
    document: {
      uri: 'file:///work/text.py',
      languageId: 'python',
      lineCount: 1,
      lineAt: () => ({ range }),
      offsetAt: () => 10,
      getText: () => 'def f(): 1',
    },
  };
});

vi.mock('./find-test-place.ts', () => ({
  findTestPlace: () => Promise.resolve({ uri: 'untitled:/work/test_text.py' }),
}));
vi.mock('./target.ts', () => ({
  targetRange: () => Promise.resolve(document.lineAt().range),
  whyReadOnly: () => Promise.resolve(undefined),
}));
vi.mock('vscode', () => ({
  ProgressLocation: {},
  l10n: { t: (text: string) => text },
  workspace: {
    isTrusted: true,
    asRelativePath: () => 'text.py',
    openTextDocument: (uri: unknown) => {
      opened.push(uri);
      return Promise.resolve(document);
    },
  },
  window: {
    activeTextEditor: { document },
    withProgress: (_: unknown, task: () => Promise<void>) => task(),
    showErrorMessage: (text: string) => {
      shown.push(text);
      return Promise.resolve();
    },
  },
}));

it('opens no file for tests that no model can write', async () => {
  const models = { ensureLoaded: () => Promise.reject(new EngineError('noModel', 'There is no model.')) };
  const runner = new EditRunner({} as never, models as never, {} as never);
  await new EditCommands(runner, {} as never, {} as never).tests();
  expect(opened).toEqual([]);
  expect(shown).toEqual(['There is no model.']);
});
