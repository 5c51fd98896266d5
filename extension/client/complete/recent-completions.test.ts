import { expect, test } from 'vitest';
import { RecentCompletions } from './recent-completions.ts';

test('typing what a completion says needs no new one', () => {
  const recent = new RecentCompletions();
  recent.add({ document: 'a', prefix: 'x = ', suffix: '\n', text: 'first + second' });
  expect(recent.find('a', 'x = ', '\n')).toBe('first + second');
  expect(recent.find('a', 'x = fir', '\n')).toBe('st + second');
  expect(recent.find('a', 'x = first + second', '\n')).toBeUndefined();
  expect(recent.find('a', 'x = for', '\n')).toBeUndefined();
  expect(recent.find('b', 'x = ', '\n')).toBeUndefined();
  expect(recent.find('a', 'x = ', ')\n')).toBeUndefined();
});

test('the latest one counts, and that there is nothing is known as well', () => {
  const recent = new RecentCompletions();
  recent.add({ document: 'a', prefix: 'x', suffix: '', text: 'old' });
  recent.add({ document: 'a', prefix: 'x', suffix: '', text: '' });
  expect(recent.find('a', 'x', '')).toBe('');
  for (let index = 0; index < 60; index++) recent.add({ document: 'b', prefix: String(index), suffix: '', text: 'y' });
  expect(recent.find('a', 'x', '')).toBeUndefined();
});
