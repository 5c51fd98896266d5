import { expect, it, vi } from 'vitest';
import { reportFailure } from './model-commands.ts';

const showErrorMessage = vi.hoisted(() => vi.fn<(text: string) => Promise<string>>());

vi.mock('vscode', () => ({ l10n: { t: (text: string) => text }, window: { showErrorMessage } }));

it('does not wait until the user has read why something failed', async () => {
  showErrorMessage.mockReturnValue(new Promise(() => undefined));
  await reportFailure(() => Promise.reject(new Error('The disk is full.')));
  expect(showErrorMessage.mock.lastCall?.[0]).toBe('The disk is full.');
});
