import { expect, it, vi } from 'vitest';
import { EngineError } from '../lib/engine-error.ts';
import { ScmCommands, type ScmCommandOptions } from './scm-commands.ts';

const { shown, contexts, box } = vi.hoisted(() => ({
  shown: [] as string[],
  contexts: [] as unknown[][],
  box: { value: 'my own words' },
}));

vi.mock('vscode', () => {
  class CancellationTokenSource {
    readonly token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };
    dispose(): void {}
  }
  const repository = {
    rootUri: { path: '/shop' },
    inputBox: box,
    state: { workingTreeChanges: [] },
    diff: () => Promise.resolve('diff --git a/a.ts b/a.ts\n--- a/a.ts\n+++ b/a.ts\n@@ -1 +1 @@\n-a\n+b\n'),
    log: () => Promise.resolve([]),
  };
  const git = { getAPI: () => ({ repositories: [repository], getRepository: () => null }) };
  return {
    CancellationTokenSource,
    ProgressLocation: {},
    l10n: { t: (text: string) => text },
    workspace: { isTrusted: true },
    extensions: { getExtension: () => ({ isActive: true, exports: git }) },
    commands: {
      executeCommand: (...call: unknown[]) => {
        contexts.push(call);
        return Promise.resolve();
      },
    },
    window: {
      withProgress: (_: unknown, task: (progress: unknown) => Promise<void>) => task({ report: () => undefined }),
      // Nobody answers it.
      showErrorMessage: (text: string) => {
        shown.push(text);
        return new Promise(() => undefined);
      },
    },
  };
});

it('can write another message while the failure of one is still shown', async () => {
  const models = { ensureLoaded: () => Promise.reject(new EngineError('noModel', 'There is no model.')) };
  const scm = new ScmCommands({ models, engine: { isBusyWith: () => false } } as unknown as ScmCommandOptions);
  void scm.commitMessage(undefined);
  await vi.waitFor(() => expect(contexts.at(-1)).toEqual(['setContext', 'paddock.writingCommitMessage', false]));
  expect(shown).toEqual(['There is no model.']);
  expect(box.value).toBe('my own words');
  void scm.commitMessage(undefined);
  await vi.waitFor(() => expect(shown).toHaveLength(2));
});
