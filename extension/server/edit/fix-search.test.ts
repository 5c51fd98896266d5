import { expect, test } from 'vitest';
import type { NativeModel } from '../engine/binding.ts';
import { fakeNative } from '../testing/fake-native.ts';
import { searchFix } from './fix-search.ts';

const infill = ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>'];
const code = 'def f(a):\n    b = a + 10\n    return b\n';

/** To the fake model every character is as likely as any other, so shorter code is likelier. */
async function found(answers: Readonly<Record<string, string>>, answer = code, controlTokens = infill) {
  const prompts: string[] = [];
  const model: NativeModel = await fakeNative({
    controlTokens,
    answer: (prompt) => {
      prompts.push(prompt);
      return Object.entries(answers).find(([end]) => prompt.includes(end))?.[1] ?? '';
    },
  }).loadModel('/models/x.gguf', {}, () => {}).result;
  const { signal } = new AbortController();
  const isCode = (line: number): boolean => line === 1 || line === 2;
  const asked = model.tokenize('Fix the bug.', false);
  const search = { model, languageId: 'python', path: 'a.py', code, asked, isCode, signal };
  return { found: await searchFix(search, answer), prompts };
}

test('fills in each unlikely line without showing it, and finds the likelier code', async () => {
  const { found: texts, prompts } = await found({ 'def f(a):\n    <|fim_suffix|>': 'b = a' });
  expect(prompts[0]).toBe('<|fim_prefix|>def f(a):\n    <|fim_suffix|>\n    return b\n<|fim_middle|>');
  expect(texts).toEqual(['def f(a):\n    b = a\n    return b\n']);
});

test('nothing is better than a likelier answer, or than what is less likely', async () => {
  const fill = { 'def f(a):\n    <|fim_suffix|>': 'b = a' };
  expect((await found(fill, 'def f(a):\n    return a\n')).found).toEqual([]);
  expect((await found({ '<|fim_suffix|>': 'b = a + 10 + 0' })).found).toEqual([]);
});

test('a model that cannot fill in is not asked', async () => {
  expect(await found({ '': 'b = a' }, code, [])).toEqual({ found: [], prompts: [] });
});
