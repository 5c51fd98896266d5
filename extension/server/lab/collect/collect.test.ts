import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Engine } from '../../engine/engine.ts';
import { ModelSlot } from '../../engine/model-slot.ts';
import { fakeNative } from '../../testing/fake-native.ts';
import type { FakeScript } from '../../testing/fake-native.ts';
import { toRecords } from '../curate/shapes.ts';
import { seedOf } from './answer.ts';
import { pieces, readCodeQuestions } from './code-questions.ts';
import { collect, importRecords } from './collect.ts';
import { questions, readOwnChats } from './own-chats.ts';
import { readAnswered, readPromptFile, toPrompt } from './prompts.ts';
import { Shards } from './shards.ts';

let root = '';
let folder = '';
let number = 0;
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'paddock-collect-'))));
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  folder = join(root, String(number++));
  mkdirSync(folder);
});

const settings = { temperature: 0.3, maxTokens: 100, seed: 42, followUps: 0, system: '' };
const teacher = { model: 'fake' };
const signal = new AbortController().signal;
const asked = (...texts: string[]) => texts.map((content) => toPrompt([{ role: 'user', content }], 'test'));

async function engineWith(answer: FakeScript['answer'], info: FakeScript['info'] = {}) {
  const native = fakeNative({ ...(answer === undefined ? {} : { answer }), info });
  const engine = new Engine(new ModelSlot(() => native), { threads: 0, contextLength: 0 });
  await engine.load('/fake.gguf', { signal });
  return { engine, native };
}
function records(name = 'answers-00001.jsonl'): Record<string, unknown>[] {
  const lines = readFileSync(join(folder, name), 'utf8').split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('collecting', () => {
  test('writes a record for each answer, with how it was made', async () => {
    const { engine, native } = await engineWith(() => 'An answer.');
    const shards = new Shards(folder, {});
    const prompts = asked('What?', 'Why?');
    const result = await collect(engine, shards, { prompts, settings, teacher }, { signal });
    shards.close();
    expect(result).toEqual({ answered: 2, failed: 0, known: 0, completionTokens: 20 });
    expect(records()[0]).toEqual({
      id: prompts[0]?.id,
      prompt: 'What?',
      response: 'An answer.',
      source: 'test',
      model_settings: { model: 'fake', temperature: 0.3, max_tokens: 100, seed: seedOf(42, prompts[0]?.id ?? '') },
      finish_reason: 'stop',
      prompt_tokens: expect.any(Number) as number,
      completion_tokens: 10,
    });
    expect(native.requests.map(({ seed }) => seed)).toEqual(prompts.map(({ id }) => seedOf(42, id)));
    // What curating makes of it.
    expect(toRecords(records()[0], { id: 'x', source: 'y' })).toMatchObject([
      { source: 'test', meta: { finish_reason: 'stop', model: 'fake' } },
    ]);
  });

  test('goes on after a torn line, and asks nothing twice', async () => {
    const { engine, native } = await engineWith(() => 'An answer.');
    const prompts = asked('a', 'b', 'c');
    const first = new Shards(folder, {});
    await collect(engine, first, { prompts: prompts.slice(0, 2), settings, teacher }, { signal });
    first.close();
    appendFileSync(join(folder, 'answers-00001.jsonl'), '{"id":"torn","prom');
    const second = new Shards(folder, {});
    const result = await collect(engine, second, { prompts, settings, teacher }, { signal });
    second.close();
    expect(result).toMatchObject({ answered: 1, known: 2 });
    expect(records().map(({ prompt }) => prompt)).toEqual(['a', 'b', 'c']);
    expect(native.requests).toHaveLength(3);
  });

  test('begins a new file after 200 records', async () => {
    const { engine } = await engineWith(() => 'x');
    const shards = new Shards(folder, {});
    const prompts = asked(...Array.from({ length: 401 }, (_, index) => `question ${index}`));
    await collect(engine, shards, { prompts, settings, teacher }, { signal });
    shards.close();
    expect(readdirSync(folder).sort()).toEqual([
      'answers-00001.jsonl',
      'answers-00002.jsonl',
      'answers-00003.jsonl',
      'collect.jsonl',
    ]);
    expect(records('answers-00003.jsonl')).toHaveLength(1);
    expect(new Shards(folder, {}).count).toBe(401);
  });

  test('puts what failed aside, and tries it again the next time', async () => {
    const { engine } = await engineWith((prompt) => (prompt.includes('mute') ? '  ' : 'x'), { contextLength: 200 });
    const shards = new Shards(folder, {});
    const prompts = asked('fine', 'mute', 'long '.repeat(60));
    const result = await collect(engine, shards, { prompts, settings, teacher }, { signal });
    expect(result).toMatchObject({ answered: 1, failed: 2 });
    expect(records('fails.jsonl').map(({ error, prompt }) => [error, String(prompt).slice(0, 4)])).toEqual([
      ['invalidArgument', 'mute'],
      ['promptTooLong', 'long'],
    ]);
    shards.close();
    const better = await engineWith(() => 'x');
    const again = new Shards(folder, {});
    expect(await collect(better.engine, again, { prompts, settings, teacher }, { signal })).toMatchObject({
      answered: 2,
      failed: 0,
      known: 1,
    });
    again.close();
    expect(readdirSync(folder)).not.toContain('fails.jsonl');
  });

  test('leaves out an answer that is stopped', async () => {
    const stop = new AbortController();
    const { engine } = await engineWith((prompt) => {
      if (prompt.includes('second')) stop.abort();
      return 'a rather long answer that takes several pieces';
    });
    const shards = new Shards(folder, {});
    const prompts = asked('first', 'second', 'third');
    await expect(
      collect(engine, shards, { prompts, settings, teacher }, { signal: stop.signal }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    shards.close();
    expect(records().map(({ prompt }) => prompt)).toEqual(['first']);
  });

  test('asks follow-up questions as a conversation', async () => {
    const { engine } = await engineWith((prompt) =>
      prompt.includes('insightful next question') ? 'And then?' : 'So.',
    );
    const shards = new Shards(folder, {});
    const more = { ...settings, followUps: 1, system: 'Be brief.' };
    await collect(engine, shards, { prompts: asked('How?'), settings: more, teacher }, { signal });
    shards.close();
    expect(records()[0]).toMatchObject({
      prompt: 'How?',
      response: 'So.',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'How?' },
        { role: 'assistant', content: 'So.' },
        { role: 'user', content: 'And then?' },
        { role: 'assistant', content: 'So.' },
      ],
    });
  });

  test('refuses a folder of other settings, or of something else', () => {
    new Shards(folder, { seed: 1 }).close();
    expect(() => new Shards(folder, { seed: 2 })).toThrow('another run: seed differ');
    writeFileSync(join(folder, 'answers-00001.jsonl'), 'notes\n');
    expect(() => new Shards(folder, { seed: 1 })).toThrow('not a collected answer');
    expect(readFileSync(join(folder, 'answers-00001.jsonl'), 'utf8')).toBe('notes\n');
  });
});

describe('prompts', () => {
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  test('are lines of a text', async () => {
    const { prompts } = await readPromptFile(write('q.txt', 'One?\n\n  Two?\r\n'));
    expect(prompts.map(({ messages }) => messages[0]?.content)).toEqual(['One?', 'Two?']);
    expect(prompts[0]?.source).toBe('q');
  });

  test('are records of many formats, whose answers are not looked at', async () => {
    const lines = [
      '{"prompt":"p1","source":"s"}',
      '{"instruction":"p2","input":"i","output":"old"}',
      '{"messages":[{"role":"system","content":"s"},{"role":"user","content":"p3"}]}',
      '{"text":"p4"}',
      '"p5"',
      '{"something":1}',
      'no JSON',
    ];
    const { prompts, badLines } = await readPromptFile(write('q.jsonl', lines.join('\n')));
    expect(prompts.map(({ messages }) => messages.at(-1)?.content)).toEqual(['p1', 'p2\n\ni', 'p3', 'p4', 'p5']);
    expect(prompts[0]?.source).toBe('s');
    expect(prompts[2]?.messages).toHaveLength(2);
    expect(badLines).toBe(2);
  });

  test('with answers are taken over once', async () => {
    const path = write('a.jsonl', '{"instruction":"q","output":"a"}\n{"prompt":"q2"}\n{"prompt":"q3","response":""}\n');
    const { records: answered, badLines } = await readAnswered(path);
    expect(badLines).toBe(1);
    const shards = new Shards(folder, undefined);
    expect(importRecords(answered, shards)).toBe(1);
    expect(importRecords(answered, shards)).toBe(0);
    shards.close();
    expect(records()[0]).toMatchObject({ prompt: 'q', response: 'a', source: 'a', imported: true });
    // A teacher may come to them later.
    expect(new Shards(folder, { seed: 1 }).count).toBe(1);
  });

  test('about code are the same for the same seed', async () => {
    mkdirSync(join(folder, 'node_modules'));
    write('node_modules/skipped.js', 'const a = 1;\nconst b = 2;\nconst c = 3;\n');
    write('a.py', 'def f():\n    return "$& {file}"\n\ndef g():\n    return 2\n');
    write('notes.md', 'no\ncode\nhere\n');
    const first = await readCodeQuestions(folder, 1);
    expect(first).toHaveLength(1);
    expect(first[0]?.messages[0]?.content).toContain('```python\ndef f():\n    return "$& {file}"\n\ndef g():');
    expect(await readCodeQuestions(folder, 1)).toEqual(first);
    const others = await Promise.all([2, 3, 4, 5, 6, 7].map((seed) => readCodeQuestions(folder, seed)));
    expect(new Set(others.map(([prompt]) => prompt?.id)).size).toBeGreaterThan(1);
  });

  test('cut code between its parts', () => {
    const part = (name: string) => `def ${name}():\n${Array.from({ length: 30 }, (_, i) => `    x = ${i}\n`).join('')}`;
    expect(pieces(`${part('a')}\n${part('b')}\n${part('c')}`).map((piece) => piece.slice(0, 5))).toEqual([
      'def a',
      'def b',
      'def c',
    ]);
    expect(pieces('a\n\n\n')).toEqual([]);
  });

  test('of own chats are what was asked and not taken back', async () => {
    const log = [
      { type: 'open', version: 1, id: 'c', at: 1 },
      { type: 'user', at: 1, id: 'u1', text: 'First?', attachments: [{ text: 'secret file' }] },
      { type: 'answer', at: 1, id: 'a1' },
      { type: 'user', at: 2, id: 'u2', text: 'Second?', attachments: [] },
      { type: 'answer', at: 2, id: 'a2' },
      { type: 'drop', id: 'u2' },
      { type: 'user', at: 3, id: 'u3', text: 'Third?', attachments: [] },
    ].map((record) => JSON.stringify(record));
    expect(questions([...log, 'torn {'])).toEqual(['First?', 'Third?']);
    write('c.jsonl', `${log.join('\n')}\n`);
    const prompts = await readOwnChats(folder);
    expect(prompts.map(({ source, messages }) => [source, messages[0]?.content])).toEqual([
      ['chat', 'First?'],
      ['chat', 'Third?'],
    ]);
    expect(JSON.stringify(prompts)).not.toContain('secret');
  });
});
