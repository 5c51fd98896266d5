import { describe, expect, test } from 'vitest';
import type { NativeModel } from '../../engine/binding.ts';
import { fakeNative } from '../../testing/fake-native.ts';
import type { FakeScript } from '../../testing/fake-native.ts';
import { toAnswerTasks } from './answer-tasks.ts';
import { bitsPerByte, disjointWindows } from './bits-per-byte.ts';
import { cutWindows2023, gtPpl, gtPpl2023, logPerplexity2023 } from './gt-ppl.ts';

const signal = new AbortController().signal;

/** One token for each character, and each costs its character code / 100 nats. */
async function model(info: FakeScript['info'] = {}): Promise<NativeModel> {
  const loaded = await fakeNative({ info }).loadModel('/fake.gguf', {}, () => {}).result;
  const score = (ids: Int32Array, first = 0) => ({
    result: Promise.resolve(Float64Array.from(ids.slice(first + 1), (id) => id / 100)),
    cancel: () => {},
  });
  return { ...loaded, score };
}

function task(value: object) {
  const [first] = toAnswerTasks({ value, line: 1 }, 'x') ?? [];
  if (first === undefined) throw new Error('no task');
  return first;
}
const instruct = (output: string, input = '') =>
  task({ id: 't', instruction: 'Do it.', instances: [{ input, output }] });

describe('tasks', () => {
  test('keep the texts as 2023 joined them, and clean ones', () => {
    expect(instruct(' b ', 'a')).toEqual({
      id: 't',
      messages: [{ role: 'user', content: 'Do it.\n\na' }],
      answer: 'b',
      plain: { prompt: 'Do it. a', answer: ' b ' },
    });
    expect(instruct('b').plain).toEqual({ prompt: 'Do it. ', answer: 'b' });
    expect(task({ prompt: 'p', response: 'r' }).plain).toEqual({ prompt: 'p', answer: 'r' });
  });

  test('have all instances, of which 2023 knew the first', () => {
    const value = {
      instruction: 'x',
      instances: [
        { input: '', output: '1' },
        { input: '', output: '2' },
      ],
    };
    const tasks = toAnswerTasks({ value, line: 3 }, 'f') ?? [];
    expect(tasks.map(({ id, plain }) => [id, plain?.answer])).toEqual([
      ['f:3.1.1', '1'],
      ['f:3.2.2', undefined],
    ]);
    expect(toAnswerTasks({ value: { a: 1 }, line: 1 }, 'f')).toBeUndefined();
  });
});

describe('gt-ppl', () => {
  test('is exp of the mean over all tokens of the answer', async () => {
    const result = await gtPpl.evaluate(await model(), instruct('AB'), 0, signal);
    expect(result).toEqual({ raw: (65 + 66) / 200, tokens: 2 });
    expect(gtPpl.toValue([result])).toBeCloseTo(Math.exp(0.655));
    expect(gtPpl.toValue([{ raw: 9, tokens: 1 }])).toBe(100);
  });

  test('leaves out what has no answer or is beyond the context', async () => {
    expect(await gtPpl.evaluate(await model(), instruct(''), 0, signal)).toMatchObject({ excluded: 'empty' });
    const long = await gtPpl.evaluate(await model({ contextLength: 10 }), instruct('AB'), 0, signal);
    expect(long).toEqual({ raw: null, tokens: 0, excluded: 'tooLong' });
    expect(gtPpl.toValue([long])).toBeUndefined();
  });
});

describe('gt-ppl/gpt4all-2023', () => {
  test('has neither the prompt nor the first token of the answer', async () => {
    const result = await gtPpl2023.evaluate(await model(), instruct('AB'), 0, signal);
    // The answer's window is " AB": of it A and B are predicted.
    expect(result).toEqual({ raw: (65 + 66) / 200, tokens: 3 });
  });

  test('counts what is not a number as 0', async () => {
    const result = await gtPpl2023.evaluate(await model(), task({ prompt: 'p', response: '' }), 0, signal);
    expect(result).toEqual({ raw: null, tokens: 1, excluded: 'notANumber' });
    expect(gtPpl2023.toValue([result])).toBe(0);
    expect(gtPpl2023.toValue([{ raw: null, tokens: 0, excluded: 'empty' }])).toBeUndefined();
  });

  test('weights the first window by its end', () => {
    const windows = cutWindows2023(100, 1200);
    expect(windows).toEqual([
      { from: 100, to: 612, weight: 612 },
      { from: 612, to: 1124, weight: 512 },
      { from: 1124, to: 1200, weight: 76 },
    ]);
    expect(logPerplexity2023(windows, [1, 2, 3])).toBeCloseTo((612 + 1024 + 228) / 1200, 12);
    // A last window of one token spoils all.
    expect(logPerplexity2023(cutWindows2023(0, 513), [1, Number.NaN])).toBeNaN();
    expect(cutWindows2023(5, 5)).toEqual([]);
  });

  test('needs its window', async () => {
    const short = await model({ contextLength: 256 });
    await expect(gtPpl2023.evaluate(short, instruct('A'), 0, signal)).rejects.toThrow('at least 512');
  });
});

describe('bits per byte', () => {
  test('scores every token once', () => {
    expect(disjointWindows(Int32Array.of(1, 2, 3, 4, 5), 9, 3).map((ids) => [...ids])).toEqual([
      [9, 1, 2],
      [2, 3, 4],
      [4, 5],
    ]);
    expect(disjointWindows(Int32Array.of(1, 2), 9, 3).map((ids) => [...ids])).toEqual([[9, 1, 2]]);
  });

  test('counts bytes, over all documents together', async () => {
    const fake = await model({ contextLength: 3 });
    const results = [];
    for (const text of ['AB', 'é', '']) {
      results.push([await bitsPerByte.evaluate(fake, { id: text, text }, 0, signal)]);
    }
    expect(results[1]).toEqual([{ raw: 2.33, tokens: 1, weight: 2 }]);
    expect(results[2]).toEqual([{ raw: null, tokens: 0, excluded: 'empty' }]);
    expect(bitsPerByte.toValue(results[0] ?? [])).toBeCloseTo(1.31 / 2 / Math.LN2);
    expect(bitsPerByte.total?.(results)).toMatchObject({ bytes: 4, bitsPerByte: (1.31 + 2.33) / 4 / Math.LN2 });
  });
});
