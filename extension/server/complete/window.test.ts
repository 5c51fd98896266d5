import { expect, test } from 'vitest';
import { windowOf } from './window.ts';

const count = (text: string): number => Math.ceil(text.length / 4);
const lines = Array.from({ length: 400 }, (_, index) => `line number ${index}`);

test('a short text is read whole, and twelve lines below', () => {
  const below = Array.from({ length: 30 }, (_, index) => String(index)).join('\n');
  expect(windowOf('a\nb', below, { prefix: 100, suffix: 100 }, count)).toEqual({
    prefix: 'a\nb',
    suffix: Array.from({ length: 13 }, (_, index) => String(index)).join('\n'),
  });
  expect(windowOf('', 'word '.repeat(1000), { prefix: 100, suffix: 10 }, count).suffix.length).toBeLessThan(100);
});

test('the beginning moves in steps, so that the next key finds the same', () => {
  const starts = new Set<string>();
  for (let size = 200; size < 232; size++) {
    const { prefix } = windowOf(lines.slice(0, size).join('\n'), '', { prefix: 200, suffix: 0 }, count);
    // Parts are counted one by one.
    expect(count(prefix)).toBeLessThanOrEqual(210);
    starts.add(prefix.split('\n', 1)[0] ?? '');
  }
  expect(starts.size).toBeLessThanOrEqual(3);
});

test('what the file imports is shown before it', () => {
  const text = ['import os', 'from a import b', ...lines].join('\n');
  const { prefix } = windowOf(text, '', { prefix: 200, suffix: 0 }, count);
  expect(prefix.startsWith('import os\nfrom a import b\nline number')).toBe(true);
  expect(prefix.endsWith('line number 399')).toBe(true);
});

test('a line without end leaves room for the answer', () => {
  const { prefix } = windowOf('x'.repeat(1_000_000), '', { prefix: 200, suffix: 0 }, count);
  expect(prefix.length).toBeLessThanOrEqual(1600);
});
