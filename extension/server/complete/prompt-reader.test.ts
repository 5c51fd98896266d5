import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { NativeGenerateRequest, NativeModel } from '../engine/binding.ts';
import { PromptReader } from './prompt-reader.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const ids = (count: number, last = 7): Int32Array => new Int32Array(count).fill(7).fill(last, -1);

/** A model that reads until it is told that it has, or cancelled. */
function setUp() {
  const asked: { readonly length: number; readonly end: () => void; cancelled: boolean }[] = [];
  const model = {
    generate: ({ prompt }: NativeGenerateRequest) => {
      let end: (reason: string) => void;
      const result = new Promise((resolve) => {
        end = (finishReason) =>
          resolve({ text: '', tokens: new Int32Array(1), finishReason, promptTokens: prompt.length, cachedTokens: 0 });
      });
      const one = { length: prompt.length, end: () => end('length'), cancelled: false };
      asked.push(one);
      return { result, cancel: () => ((one.cancelled = true), end('cancelled')) };
    },
  } as unknown as NativeModel;
  const read: number[] = [];
  const reader = new PromptReader((_, { promptTokens }) => read.push(promptTokens));
  const ending = new AbortController();
  const start = (head: Int32Array) => {
    const key = new AbortController();
    let isOver = false;
    const over = reader.read(model, head, key.signal, ending.signal).then(() => (isOver = true));
    return { key, over, isOver: () => isOver };
  };
  return { asked, read, reader, ending, start };
}

test('what one key has begun to read the next one waits for, and needs no more', async () => {
  const { asked, read, start } = setUp();
  const first = start(ids(200));
  first.key.abort();
  await first.over;
  const second = start(ids(210));
  await vi.advanceTimersByTimeAsync(1000);
  expect([asked.length, second.isOver()]).toEqual([1, false]);
  asked[0]?.end();
  await second.over;
  expect(read).toEqual([200]);
  await start(ids(220)).over;
  expect(asked).toHaveLength(1);
});

test('it ends soon when nobody waits for it', async () => {
  const { asked, reader, start } = setUp();
  const { key } = start(ids(200));
  key.abort();
  await vi.advanceTimersByTimeAsync(399);
  expect(asked[0]?.cancelled).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked[0]?.cancelled).toBe(true);
  await reader.idle();
  start(ids(200));
  expect(asked).toHaveLength(2);
});

test('another prompt takes its place, and so does much more of the same one', () => {
  const { asked, start } = setUp();
  start(ids(200));
  start(ids(200, 8));
  expect(asked.map(({ cancelled }) => cancelled)).toEqual([true, false]);
  start(ids(264));
  start(ids(340));
  expect(asked.map(({ length }) => length)).toEqual([200, 200, 264, 340]);
  start(ids(63));
  expect(asked).toHaveLength(4);
});

test('it ends with the model', async () => {
  const { asked, ending, start } = setUp();
  const one = start(ids(200));
  ending.abort();
  await one.over;
  expect(asked[0]?.cancelled).toBe(true);
});
