import { expect, test } from 'vitest';
import type { NativeModel } from '../engine/binding.ts';
import { fakeNative } from '../testing/fake-native.ts';
import { Anchor } from './begun.ts';
import { commented } from './lexer.ts';
import { askedOf, completeCode } from './completion.ts';
import { fullBudget } from './context/reading-speed.ts';
import type { FimFile } from './fim-forms.ts';

const qwen = ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|file_sep|>'];

/** What is shown at the mark `|` when the model goes on with `answer`, and the prompt that it was asked with. */
async function shown(code: string, answer: string, others: readonly FimFile[] = [], controlTokens = qwen) {
  let asked = '';
  const model: NativeModel = await fakeNative({
    controlTokens,
    answer: (prompt) => {
      asked = prompt;
      return answer;
    },
  }).loadModel('/models/x.gguf', {}, () => {}).result;
  const [prefix = '', suffix = ''] = code.split('|');
  const request = {
    path: 'src/a.ts',
    languageId: 'typescript',
    prefix,
    suffix,
    budget: fullBudget,
    anchor: new Anchor(),
    others: () => others,
  };
  const [{ text, finishReason }] = await completeCode(askedOf(model, request), {
    signal: new AbortController().signal,
  });
  return { text, finishReason, asked };
}

test('asks with what stands before and behind, and stops at the end of the statement', async () => {
  const { text, finishReason, asked } = await shown('let a = |;\nlet b;\n', '1 + 2;\nlet c = 3;\nlet d = 4;\n');
  // The last token may become a longer one: the answer begins with it.
  expect(asked).toBe('<|fim_prefix|><|fim_suffix|>;\nlet b;\n<|fim_middle|>let a =');
  expect(text).toBe('1 + 2;');
  expect(finishReason).toBe('stop');
});

test('other files come first, each with its path', async () => {
  const others = [{ path: 'src/b.ts', text: 'export const b = 1;' }];
  const { asked } = await shown('|\n', 'x', others);
  expect(asked).toBe(
    '<|file_sep|>src/b.ts\nexport const b = 1;\n<|file_sep|>src/a.ts\n<|fim_prefix|><|fim_suffix|>\n<|fim_middle|>',
  );
});

test('they are comments where the model has no token for files', async () => {
  const others = [{ path: 'src/b.ts', text: 'export const b = 1;\n\nf();' }];
  const { asked } = await shown('ab|c', 'x', others, qwen.slice(0, 3));
  expect(asked).toBe('<|fim_prefix|>// src/b.ts\n// export const b = 1;\n//\n// f();\n<|fim_suffix|>c<|fim_middle|>a');
  const suffixFirst = ['[PREFIX]', '[SUFFIX]'];
  expect((await shown('ab|c', 'x', [{ path: 'c', text: 'd' }], suffixFirst)).asked).toBe(
    '[SUFFIX]c[PREFIX]// c\n// d\na',
  );
});

test('a comment cannot be left by what it holds', () => {
  expect(commented('a **// b\nc', 'css')).toBe('/* a * / b */\n/* c */\n');
  expect(commented('a', 'python')).toBe('# a\n');
});

test('models are asked in their own way, and others not at all', async () => {
  const deepSeek = ['<｜fim▁begin｜>', '<｜fim▁hole｜>', '<｜fim▁end｜>'];
  expect((await shown('ab|c', 'x', [], deepSeek)).asked).toBe('<｜fim▁begin｜><｜fim▁hole｜>c<｜fim▁end｜>a');
  expect((await shown('ab|c', 'x', [], ['[PREFIX]', '[SUFFIX]'])).asked).toBe('[SUFFIX]c[PREFIX]a');
  await expect(shown('a|b', 'x', [], [])).rejects.toThrow('not trained to complete code');
});

test('what stands there already is not repeated', async () => {
  expect((await shown('call(|)\n', 'a, b)')).text).toBe('a, b');
  expect((await shown('first();\n|\nlast();\n', 'first();\n')).text).toBe('');
  expect((await shown('if (a) {\n  |\n}\n', 'b();\n}')).text).toBe('b();');
});

test('a whole line before another one has its own end, a part of it has none', async () => {
  expect((await shown('a();\n|c();\n', 'b();\nc();\n')).text).toBe('b();\n');
  expect((await shown('{\n  |c();\n}\n', 'b();\n  d();\n')).text).toBe('b();\n  ');
  expect((await shown('{\n  |c();\n}\n', 'await ')).text).toBe('await');
  expect((await shown('x = |c();\n', 'await b();\n')).text).toBe('await b();');
});

test('line ends of Windows stay as they are', async () => {
  expect((await shown('if (a) {\r\n  |\r\n}\r\n', 'b();\n  c();\n}\n')).text).toBe('b();\r\n  c();');
});
