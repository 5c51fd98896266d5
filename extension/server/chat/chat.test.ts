import { describe, expect, test } from 'vitest';
import type { EditParams, GenerationPart } from '../../protocol/server.ts';
import { answerEdit } from '../edit/edit.ts';
import { Syntax } from '../syntax/syntax.ts';
import { Engine } from '../engine/engine.ts';
import { ModelSlot } from '../engine/model-slot.ts';
import { fakeNative } from '../testing/fake-native.ts';
import type { FakeScript } from '../testing/fake-native.ts';
import { answerChat } from './chat.ts';
import { GenerationStream } from './progress.ts';

const never = new AbortController().signal;
const question = { messages: [{ role: 'user', content: 'Why?' }] } as const;

async function loaded(script: FakeScript): Promise<Engine> {
  const engine = new Engine(new ModelSlot(() => fakeNative(script)), { threads: 0, contextLength: 0 });
  await engine.load('/models/a.gguf', { signal: never });
  return engine;
}

describe('answerChat', () => {
  test('streams numbered parts that add up to the answer', async () => {
    const parts: GenerationPart[] = [];
    const result = await answerChat(await loaded({ answer: () => 'Because it is so.' }), question, never, (part) =>
      parts.push(part),
    );
    expect(result).toMatchObject({ text: 'Because it is so.', finishReason: 'stop', omitted: [], contextLength: 4096 });
    expect(result.contextUsed).toBe(result.timings.promptTokens + 17);
    expect(parts.map((part) => part.seq)).toEqual(parts.map((_, index) => index));
    expect(parts[0]).toMatchObject({ kind: 'prefill' });
    expect(parts.map((part) => (part.kind === 'text' ? part.text : '')).join('')).toBe(result.text);
    expect(parts.at(-1)).toMatchObject({ tokens: 17 });
  });

  test('thoughts that the template opens are marked as those that the model opens', async () => {
    const parts: GenerationPart[] = [];
    const chatTemplate = `{% for m in messages %}{{ m.content }}{% endfor %}{{ '<think>\\n' }}`;
    const engine = await loaded({ info: { chatTemplate }, answer: () => 'Hm.\n</think>\n\nSo it is.' });
    const result = await answerChat(engine, question, never, (part) => parts.push(part));
    expect(result.text).toBe('<think>\nHm.\n</think>\n\nSo it is.');
    expect(parts.map((part) => (part.kind === 'text' ? part.text : '')).join('')).toBe(result.text);
  });

  test('stopping keeps the partial answer', async () => {
    const stop = new AbortController();
    const result = await answerChat(await loaded({ answer: () => 'x'.repeat(5000) }), question, stop.signal, () =>
      stop.abort(),
    );
    expect(result.finishReason).toBe('cancelled');
    expect(result.text.length).toBeLessThan(5000);
  });

  test('what is stopped while it waits settles as cancelled', async () => {
    const engine = await loaded({ answer: () => 'x'.repeat(500) });
    const stop = new AbortController();
    const first = answerChat(engine, question, never, () => {});
    const second = answerChat(engine, question, stop.signal, () => {});
    stop.abort();
    expect(await second).toMatchObject({ text: '', finishReason: 'cancelled' });
    expect((await first).finishReason).toBe('stop');
  });

  test('without a model it is noModel', async () => {
    const engine = new Engine(new ModelSlot(() => fakeNative()), { threads: 0, contextLength: 0 });
    await expect(answerChat(engine, question, never, () => {})).rejects.toMatchObject({ code: 'noModel' });
  });
});

describe('answerEdit', () => {
  const params: EditParams = {
    kind: 'fix',
    instruction: '',
    path: 'a.ts',
    languageId: 'typescript',
    text: 'function f() {\r\n\tretrun 1;\r\n}\r\n',
    start: 16,
    end: 28,
    diagnostics: [{ line: 2, message: 'Unexpected identifier.' }],
  };

  test('returns the replacement with the indentation and line ends of the document', async () => {
    const engine = await loaded({ answer: () => 'return 1;\n```\nI fixed the typo.' });
    // Without a worker nothing is checked.
    const syntax = new Syntax(() => {
      throw new Error('No worker.');
    });
    const result = await answerEdit({ engine, syntax }, params, never, () => {});
    expect(result).toMatchObject({ replacement: '\treturn 1;\r\n', text: 'return 1;', finishReason: 'stop' });
  });
});

test('the remaining time of a prefill comes from the measured rate', () => {
  const parts: GenerationPart[] = [];
  const stream = new GenerationStream((part) => parts.push(part));
  stream.prefill(100, 1100, 0);
  stream.prefill(200, 1100, 1000);
  expect(parts[0]).toMatchObject({ remainingSeconds: undefined });
  expect(parts[1]).toMatchObject({ done: 200, remainingSeconds: 9 });
});
