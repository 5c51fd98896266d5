import { describe, expect, it } from 'vitest';
import { splitThoughts } from './thoughts.ts';

describe('splitThoughts', () => {
  it('leaves a text without thoughts as it is', () => {
    for (const text of ['', ' An answer.\n', 'What <think>a</think> means.', '<thinking>', '</think> alone']) {
      expect(splitThoughts(text)).toEqual({ thoughts: undefined, thinking: false, answer: text });
    }
  });

  it('takes the thoughts off the beginning, once', () => {
    expect(splitThoughts('\n<think>\nHm.\n\nWell.\n</think>\n\nA <think>b</think>.\n')).toEqual({
      thoughts: 'Hm.\n\nWell.',
      thinking: false,
      answer: 'A <think>b</think>.\n',
    });
  });

  it('keeps thoughts that were cut off readable', () => {
    expect(splitThoughts('<think>\nHm')).toEqual({ thoughts: 'Hm', thinking: true, answer: '' });
    expect(splitThoughts('<think>')).toEqual({ thoughts: '', thinking: true, answer: '' });
  });

  it('gives empty thoughts for a model that was told not to think', () => {
    expect(splitThoughts('<think>\n\n</think>\n\nYes.')).toEqual({ thoughts: '', thinking: false, answer: 'Yes.' });
  });

  it('only ever adds to the answer while the text grows', () => {
    const text = '<think>\nOne < two.\n</think>\n\nBecause.';
    let last = '';
    for (let length = '<think>'.length; length <= text.length; length++) {
      const { answer } = splitThoughts(text.slice(0, length));
      expect(answer.startsWith(last)).toBe(true);
      last = answer;
    }
    expect(last).toBe('Because.');
  });
});
