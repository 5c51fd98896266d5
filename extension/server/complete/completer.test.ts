import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CompleteParams } from '../../protocol/server.ts';
import type { NativeModel } from '../engine/binding.ts';
import { fakeNative } from '../testing/fake-native.ts';
import type { FakeScript } from '../testing/fake-native.ts';
import { syntaxInProcess } from '../testing/syntax-in-process.ts';
import { Completer } from './completer.ts';

const controlTokens = ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|file_sep|>'];
const { signal } = new AbortController();

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paddock-completer-'));
  writeFileSync(join(folder, 'cart.ts'), '// one\nexport function total(x: number) {}\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function setUp(answer: NonNullable<FakeScript['answer']> = () => 'x);', likelihood = -0.1) {
  const prompts: string[] = [];
  const model: NativeModel = await fakeNative({
    controlTokens,
    likelihood,
    answer: (prompt, request) => {
      prompts.push(prompt);
      return answer(prompt, request);
    },
  }).loadModel('/models/x.gguf', {}, () => {}).result;
  const session = {
    engine: { run: (_: AbortSignal, job: (model: NativeModel, signal: AbortSignal) => unknown) => job(model, signal) },
    syntax: syntaxInProcess(),
  } as never;
  return { prompts, session };
}

const asked = (code: string, more: Partial<CompleteParams> = {}): CompleteParams => {
  const [prefix = '', suffix = ''] = code.split('|');
  return { path: 'main.ts', languageId: 'typescript', prefix, suffix, folder, automatic: true, ...more };
};
const code = "import { total } from './cart';\n\nconst sum = total(|);\n";

test('a prompt holds what is imported and then what is alike, and the result says so', async () => {
  const { prompts, session } = await setUp();
  const recent = [
    { path: 'b.ts', startLine: 11, text: 'const sum = total(1);\nconst other = sum;' },
    { path: 'c.ts', startLine: 1, text: 'unlike' },
    { path: '.env', startLine: 1, text: 'const sum = total(2);' },
  ];
  const { completions, context } = await new Completer({ isSingle: true }).complete(
    session,
    asked(code, { recent }),
    signal,
  );
  expect(prompts).toEqual([
    '<|file_sep|>cart.ts\n// one\nexport function total(x: number) {}\n<|file_sep|>b.ts\nconst sum = total(1);\nconst other = sum;\n' +
      `<|file_sep|>main.ts\n<|fim_prefix|><|fim_suffix|>);\n<|fim_middle|>${code.split('(|')[0] ?? ''}`,
  ]);
  expect(context).toEqual([
    { path: 'cart.ts', startLine: 1, endLine: 2 },
    { path: 'b.ts', startLine: 11, endLine: 12 },
  ]);
  expect(completions.map(({ text }) => text)).toEqual(['x']);
});

test('without a folder nothing is read', async () => {
  const { session } = await setUp();
  const completer = new Completer({ isSingle: true });
  expect((await completer.complete(session, asked(code, { folder: undefined }), signal)).context).toEqual([]);
});

test('in the editor others come when it is known that they can be read in time', async () => {
  const { session } = await setUp();
  const completer = new Completer();
  expect((await completer.complete(session, asked(code), signal)).context).toEqual([]);
  // The fake reads a prompt in ten milliseconds.
  expect((await completer.complete(session, asked(code), signal)).context).toHaveLength(1);
});

test('what is improbable is shown only to who asks', async () => {
  const { session } = await setUp(undefined, -3);
  const completer = new Completer();
  expect(await completer.answer(session, asked(code), signal)).toEqual({ texts: [] });
  expect(await completer.answer(session, asked(code, { automatic: false }), signal)).toEqual({ texts: ['x'] });
  const { session: sure } = await setUp(undefined, -0.01);
  expect(await completer.answer(sure, asked(code), signal)).toEqual({ texts: ['x'] });
});

test('who asks is given up to three that differ, the likeliest first', async () => {
  const answers = ['a);', 'b);', 'a);'];
  const { session } = await setUp((_, { temperature, seed }) => (temperature === 0 ? 'a);' : (answers[seed] ?? '')));
  const completer = new Completer();
  expect(await completer.answer(session, asked(code, { automatic: false }), signal)).toEqual({ texts: ['a', 'b'] });
  expect(await completer.answer(session, asked(code), signal)).toEqual({ texts: ['a'] });
});
