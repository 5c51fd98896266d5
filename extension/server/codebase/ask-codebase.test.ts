import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChatParams } from '../../protocol/server.ts';
import { stoppedBeforeStart } from '../chat/chat.ts';
import type { Hit } from '../index/workspace-index.ts';
import { askCodebase } from './ask-codebase.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-codebase-'));
  const lines = Array.from({ length: 100 }, (_, index) => `  step${index}();`);
  await writeFile(join(folder, 'cart.ts'), `export function total() {\n${lines.join('\n')}\n}\n`);
  await writeFile(join(folder, 'store.ts'), 'export function saveCart() {}\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const hit = (path: string, endLine: number): Hit => ({ path, startLine: 1, endLine, symbol: undefined, score: 1 });
const question = 'Who saves the cart?';

async function ask(text: string, hits: readonly Hit[], tokensOf = (some: string) => some.length / 4) {
  const asked: ChatParams[] = [];
  const answers = {
    chat: (params: ChatParams) => {
      asked.push(params);
      return Promise.resolve({ ...stoppedBeforeStart(100), text, finishReason: 'stop' as const });
    },
    count: (some: string) => Promise.resolve(Math.ceil(tokensOf(some))),
  };
  const { signal } = new AbortController();
  const answer = await askCodebase({ folder, question, hits }, answers, signal, () => {});
  return { ...answer, asked, prompt: asked[0]?.messages[0]?.content ?? '' };
}

test('the model reads the places and its numbers become lines', async () => {
  const { result, citations, found, prompt } = await ask('`saveCart` does [2].', [
    hit('cart.ts', 102),
    hit('store.ts', 1),
  ]);
  expect(prompt).toContain('[1] cart.ts:1-40\n```typescript\nexport function total() {\n');
  expect(prompt).toContain('[2] store.ts:1-1\n');
  expect(prompt).toContain(question);
  expect(result.text).toBe('`saveCart` does (store.ts:1).');
  expect([citations, found]).toEqual([[{ path: 'store.ts', startLine: 1, endLine: 1 }], true]);
});

test('a long place is cut to what is left of the budget', async () => {
  const { prompt } = await ask('x', [hit('cart.ts', 102)], (some) => some.length * 2);
  const last = Number(/\[1\] cart\.ts:1-(\d+)/u.exec(prompt)?.[1]);
  expect(last).toBeGreaterThan(20);
  expect(last).toBeLessThan(40);
});

test('what the code does not answer is not found', async () => {
  const none = await ask('Not found in this workspace. [1]', [hit('store.ts', 1)]);
  expect([none.result.text, none.found]).toEqual(['Not found in this workspace.', false]);
  expect((await ask('It is sunny.', [hit('store.ts', 1)])).found).toBe(false);
});

test('without code the model is not asked', async () => {
  const { result, found, asked } = await ask('x', [hit('gone.ts', 4)]);
  expect([result.text, found, asked.length]).toEqual(['Not found in this workspace.', false, 0]);
});
