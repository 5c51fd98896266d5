import { describe, expect, test } from 'vitest';
import type { ChatTurn } from '../../protocol/server.ts';
import type { NativeModel } from '../engine/binding.ts';
import { fakeNative, fakeText } from '../testing/fake-native.ts';
import { buildChatPrompt } from './chat.ts';
import { buildEditPrompt } from './edit.ts';
import type { EditRequest } from './edit-draft.ts';

function modelWith(contextLength: number): Promise<NativeModel> {
  return fakeNative({ info: { contextLength } }).loadModel('/models/x.gguf', {}, () => {}).result;
}

const edit: EditRequest = {
  kind: 'rewrite',
  instruction: 'Use early return.',
  path: 'src/a.ts',
  languageId: 'typescript',
  before: 'import b;\nfunction f() {\n',
  selection: '  if (a) {\n    return 1;\n  }\n',
  after: '}\n',
  diagnostics: [],
};

describe('buildChatPrompt', () => {
  test('puts attachments before the question, with path and lines', async () => {
    const attachments = [{ path: 'src/a.ts', languageId: 'typescript', text: 'let a;\r\n', startLine: 3, endLine: 3 }];
    const { tokens, omitted } = buildChatPrompt(await modelWith(4096), [
      { role: 'user', content: 'Why?', attachments },
    ]);
    expect(fakeText(tokens)).toContain(
      '<|im_start|>user\nsrc/a.ts, line 3:\n```typescript\nlet a;\n```\n\nWhy?<|im_end|>\n<|im_start|>assistant\n',
    );
    expect(omitted).toEqual([]);
  });

  test('two prompts of one conversation begin alike', async () => {
    const model = await modelWith(4096);
    const turns: ChatTurn[] = [{ role: 'user', content: 'one' }];
    const first = fakeText(buildChatPrompt(model, turns).tokens);
    const second = fakeText(
      buildChatPrompt(model, [...turns, { role: 'assistant', content: 'A' }, { role: 'user', content: 'two' }]).tokens,
    );
    expect(second.startsWith(first)).toBe(true);
  });

  test('leaves out what a model thought before an earlier answer', async () => {
    const { tokens } = buildChatPrompt(await modelWith(4096), [
      { role: 'user', content: 'What does <think>a</think> mean?' },
      { role: 'assistant', content: '<think>\nHm.\n\nWell.\n</think>\n\nThat <think>a</think> is a thought.' },
      { role: 'user', content: 'Thanks.' },
    ]);
    expect(fakeText(tokens)).toContain('What does <think>a</think> mean?<|im_end|>');
    expect(fakeText(tokens)).toContain('<|im_start|>assistant\nThat <think>a</think> is a thought.<|im_end|>');
  });

  test('keeps thoughts that were cut off: they are all there is to go on from', async () => {
    const { tokens } = buildChatPrompt(await modelWith(4096), [
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: '<think>\nHm.' },
      { role: 'user', content: 'Continue.' },
    ]);
    expect(fakeText(tokens)).toContain('<|im_start|>assistant\n<think>\nHm.<|im_end|>');
  });

  test('drops and reports what does not fit, and stays within the context', async () => {
    const turns: ChatTurn[] = [];
    for (let index = 0; index < 20; index += 1) {
      turns.push(
        { role: 'user', content: `question ${index} ${'q'.repeat(80)}` },
        { role: 'assistant', content: 'a'.repeat(120) },
      );
    }
    const text = Array.from({ length: 90 }, (_, line) => `line ${line}`).join('\n');
    turns.push({ role: 'user', content: 'last', attachments: [{ path: 'big.txt', languageId: 'plaintext', text }] });
    const { tokens, omitted, maxTokens } = buildChatPrompt(await modelWith(2048), turns);
    expect(tokens.length + maxTokens).toBe(2048);
    expect(maxTokens).toBeGreaterThanOrEqual(512);
    expect(fakeText(tokens)).toContain('line 89');
    expect(omitted).toEqual([expect.objectContaining({ kind: 'messages' })]);
    const small = buildChatPrompt(await modelWith(1024), turns);
    expect(fakeText(small.tokens)).toMatch(/big\.txt, lines 1-\d+:/u);
    expect(small.omitted.map((omission) => omission.kind)).toEqual(['messages', 'attachment']);
  });

  test('a message that cannot fit is promptTooLong, with numbers', async () => {
    const model = await modelWith(1024);
    expect(() => buildChatPrompt(model, [{ role: 'user', content: 'x'.repeat(5000) }])).toThrow(
      /5,008 tokens.*longer context/u,
    );
  });
});

describe('buildEditPrompt', () => {
  test('begins the answer with an open fence and stops at its end', async () => {
    const { tokens, stop, omitted } = buildEditPrompt(await modelWith(4096), edit);
    const text = fakeText(tokens);
    expect(text).toContain('rewrite:\n```typescript\nif (a) {\n  return 1;\n}\n```\n\nTask: Use early return.');
    expect(text.endsWith('<|im_start|>assistant\n```typescript\n')).toBe(true);
    expect(stop).toEqual(['\n```']);
    expect(omitted).toEqual([]);
  });

  test('takes a longer fence than the code has', async () => {
    const { tokens, stop } = buildEditPrompt(await modelWith(4096), { ...edit, selection: '/** ```ts\n */\n' });
    expect(stop).toEqual(['\n````']);
    expect(fakeText(tokens).endsWith('````typescript\n')).toBe(true);
  });

  test('names a diagnostic by the text of its line', async () => {
    const diagnostics = [{ line: 4, message: "Cannot find name 'a'." }];
    const { tokens } = buildEditPrompt(await modelWith(4096), { ...edit, kind: 'fix', instruction: '', diagnostics });
    expect(fakeText(tokens)).toContain("- in the line `return 1;`: Cannot find name 'a'.");
  });

  test('keeps the nearest surroundings and reports the rest', async () => {
    const before = Array.from({ length: 800 }, (_, line) => `before ${line};\n`).join('');
    const model = await modelWith(2600);
    const { tokens, omitted, maxTokens } = buildEditPrompt(model, { ...edit, before });
    expect(tokens.length + maxTokens).toBeLessThanOrEqual(2600);
    expect(fakeText(tokens)).toContain('before 799;');
    expect(fakeText(tokens)).not.toContain('before 1;');
    expect(omitted).toEqual([expect.objectContaining({ kind: 'surroundings', what: 'src/a.ts' })]);
  });

  test('refuses an empty selection and one that cannot fit', async () => {
    const model = await modelWith(1024);
    expect(() => buildEditPrompt(model, { ...edit, selection: ' \n' })).toThrow(
      expect.objectContaining({ code: 'invalidArgument' }),
    );
    expect(() => buildEditPrompt(model, { ...edit, selection: 'x'.repeat(3000) })).toThrow(
      expect.objectContaining({ code: 'promptTooLong' }),
    );
  });
});
