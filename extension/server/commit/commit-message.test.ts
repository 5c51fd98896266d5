import { describe, expect, test } from 'vitest';
import type { CommitMessageParams, CommitMessagePart } from '../../protocol/server.ts';
import { Engine } from '../engine/engine.ts';
import { ModelSlot } from '../engine/model-slot.ts';
import { fakeNative, type FakeScript } from '../testing/fake-native.ts';
import { answerCommitMessage } from './commit-message.ts';

const never = new AbortController().signal;
const params: CommitMessageParams = {
  files: [{ path: 'a.ts', change: 'modified', added: 1, removed: 0, patch: '@@ -1 +1 @@\n+x' }],
  recentSubjects: ['fix: y'],
  draft: '',
};

async function loaded(script: FakeScript): Promise<Engine> {
  const engine = new Engine(new ModelSlot(() => fakeNative(script)), { threads: 0, contextLength: 0 });
  await engine.load('/models/fake.gguf', { signal: never, onProgress: () => {} });
  return engine;
}

describe('answerCommitMessage', () => {
  test('streams the whole message, cleaned, in the style of the repository', async () => {
    const parts: CommitMessagePart[] = [];
    const engine = await loaded({ answer: () => 'fix: Round sums.\n```\nThis commit message is short.' });
    const result = await answerCommitMessage(engine, params, never, (part) => parts.push(part));
    expect(result).toMatchObject({ message: 'fix: round sums', finishReason: 'stop' });
    expect(parts[0]).toMatchObject({ kind: 'prefill' });
    expect(parts.at(-1)).toMatchObject({ kind: 'message', message: 'fix: round sums' });
    expect(parts.map(({ seq }) => seq)).toEqual(parts.map((_part, index) => index));
  });

  test('the message of the example is none', async () => {
    const engine = await loaded({ answer: () => 'fix: round totals to cents' });
    expect(await answerCommitMessage(engine, params, never, () => {})).toMatchObject({ message: '' });
  });

  test('a stop keeps nothing back and is no failure', async () => {
    const stop = new AbortController();
    const engine = await loaded({ answer: () => 'word '.repeat(100) });
    const result = await answerCommitMessage(engine, params, stop.signal, () => stop.abort());
    expect(result.finishReason).toBe('cancelled');
    const late = await answerCommitMessage(engine, params, stop.signal, () => {});
    expect(late).toMatchObject({ message: '', finishReason: 'cancelled' });
  });
});
