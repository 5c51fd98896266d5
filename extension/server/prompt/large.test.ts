/** No text that a user can bring makes the child's only JavaScript thread deaf to a cancellation. */
import { expect, test } from 'vitest';
import type { ChatTurn } from '../../protocol/server.ts';
import type { NativeModel } from '../engine/binding.ts';
import { fakeNative } from '../testing/fake-native.ts';
import { buildChatPrompt } from './chat.ts';
import { extractCode } from '../../base/fences.ts';
import { readShape, toReplacement } from './edit-reply.ts';
import { buildEditPrompt } from './edit.ts';
import { boundedCount, headLines, tailLines } from './trim.ts';

/** What the slowest of these may take: some times the 50 ms of the product, for a busy machine and unoptimised code. */
const mostMs = 400;

const megabyte = 1 << 20;
const lineOf: Readonly<Record<string, string>> = {
  letters: 'x'.repeat(megabyte),
  blanks: ' '.repeat(megabyte),
  'words without an end': 'word '.repeat(megabyte / 5),
  'blanks, then a letter': `${' '.repeat(megabyte)}x`,
  backticks: '`'.repeat(megabyte),
  'carriage returns': '\r'.repeat(megabyte),
  'line breaks': '\n'.repeat(megabyte),
  'blank lines': '  \n'.repeat(megabyte / 3),
};

function within(work: () => void): void {
  const start = performance.now();
  work();
  expect(performance.now() - start).toBeLessThan(mostMs);
}

async function model(): Promise<NativeModel> {
  return fakeNative({ info: { contextLength: 2048 } }).loadModel('/models/x.gguf', {}, () => {}).result;
}

const edit = { kind: 'rewrite', instruction: 'x', path: 'a', languageId: 'c', diagnostics: [] } as const;

test.each(Object.entries(lineOf))('a line of a megabyte: %s', async (_name, line) => {
  const native = await model();
  const shape = readShape({ before: '', selection: 'f();', after: '' });
  within(() => readShape({ before: line, selection: 'f();', after: line }));
  within(() => buildEditPrompt(native, { ...edit, before: line, selection: 'f();', after: line }));
  // No answer has more: its tokens are limited by the context.
  const reply = line.slice(0, megabyte / 8);
  within(() => toReplacement(reply, '```', shape));
  within(() => extractCode(reply, '```', reply));
  within(() => {
    try {
      buildEditPrompt(native, { ...edit, before: '', selection: `f${line}f`, after: '' });
    } catch (error) {
      expect(error).toMatchObject({ code: 'promptTooLong' });
    }
  });
});

test('fifty megabytes attached, and a long history', async () => {
  const native = await model();
  const text = 'const a = 1; // some code\n'.repeat(2 * megabyte);
  const attachments = [{ path: 'a.ts', languageId: 'typescript', text }];
  within(() => buildChatPrompt(native, [{ role: 'user', content: 'what is this?', attachments }]));
  const turn = (index: number): ChatTurn => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: 'word '.repeat(20_000),
  });
  const history = Array.from({ length: 400 }, (_, index) => turn(index));
  within(() => buildChatPrompt(native, [...history, { role: 'user', content: 'and now?' }]));
});

test('lines that fit are the most that fit, and little more is read', () => {
  let read = 0;
  const count = (part: string): number => {
    read += part.length;
    return part.length;
  };
  const text = Array.from({ length: 100_000 }, (_, index) => `line ${index}`).join('\n');
  expect(headLines(text, 100, count)).toBe(text.slice(0, text.lastIndexOf('\n', 100)));
  expect(tailLines(text, 100, count)).toBe(text.slice(text.indexOf('\n', text.length - 101) + 1));
  expect(read).toBeLessThan(20_000);
  expect(headLines('ab\ncd', 5, count)).toBe('ab\ncd');
  expect(tailLines('ab\ncd', 4, count)).toBe('cd');
  expect(headLines('abc', 2, count)).toBe('');
  expect(tailLines('a\n', 1, count)).toBe('');
  expect(boundedCount('x'.repeat(10), 100, count)).toBe(10);
  expect(boundedCount('x'.repeat(1_000_000), 100, count)).toBe(1_000_000);
});
