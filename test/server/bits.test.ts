/** Answers and edits that completions interrupt again and again are those that they are alone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Chat, Complete, Edit, LoadModel } from '../../extension/protocol/server.ts';
import type { ChatParams, EditParams } from '../../extension/protocol/server.ts';
import { startChild } from './child.ts';
import type { Child } from './child.ts';

const slow = 240_000;
/** It can fill in code, so one model does all of it. */
const model = 'qwen2.5-coder-0.5b-instruct';
const messages = [
  { role: 'user', content: 'Write a TypeScript class for a stack, with a comment for each method.' },
] as const;
const greedy: ChatParams = { messages, maxTokens: 60, sampler: { temperature: 0 } };
const sampled: ChatParams = { messages, maxTokens: 60, sampler: { temperature: 0.9, seed: 7 } };
const edit: EditParams = {
  kind: 'rewrite',
  instruction: 'Rename half to rest.',
  path: 'a.py',
  languageId: 'python',
  text: 'def area(width, height):\n    total = width * height\n    half = total / 2\n    return total, half\n',
  start: 0,
  end: 90,
  diagnostics: [],
};

const mostCompletions = 12;

/** Asks for different completions, one after the other, while `work` is under way. Resolves with how many. */
async function completeDuring({ connection }: Child, work: Promise<unknown>): Promise<number> {
  let isOver = false;
  void work.finally(() => (isOver = true)).catch(() => {});
  const rest = { path: 'b.py', languageId: 'python', suffix: '\n', automatic: true };
  let count = 0;
  const over = (): boolean => isOver;
  for (; count < mostCompletions && !over(); count++) {
    await connection.sendRequest(Complete, { ...rest, prefix: `value_${count} = ${count}\nother_${count} = value_` });
  }
  return count;
}

describe('beside completions', () => {
  let child: Child;
  beforeAll(async () => {
    child = await startChild();
    await child.connection.sendRequest(LoadModel, { id: model });
  }, slow);
  afterAll(() => child.stop());

  const asks = {
    'a greedy answer': async () => (await child.connection.sendRequest(Chat, greedy)).text,
    'a sampled answer': async () => (await child.connection.sendRequest(Chat, sampled)).text,
    'an edit': async () => (await child.connection.sendRequest(Edit, edit)).replacement,
  };
  for (const [name, ask] of Object.entries(asks)) {
    test(
      name,
      async () => {
        const alone = await ask();
        expect(alone.length).toBeGreaterThan(20);
        const interrupted = ask();
        expect(await completeDuring(child, interrupted)).toBeGreaterThan(3);
        expect(await interrupted).toBe(alone);
      },
      slow,
    );
  }

  test(
    'two answers that share passes',
    async () => {
      const [first, second] = [await asks['a greedy answer'](), await asks['a sampled answer']()];
      expect(await Promise.all([asks['a greedy answer'](), asks['a sampled answer']()])).toEqual([first, second]);
    },
    slow,
  );
});
