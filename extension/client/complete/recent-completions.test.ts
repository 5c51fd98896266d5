import { expect, test } from 'vitest';
import { RecentCompletions } from './recent-completions.ts';

test('typing what a completion says needs no new one', () => {
  const recent = new RecentCompletions();
  recent.add({ document: 'a', prefix: 'x = ', suffix: '\n', text: 'first + second' });
  expect(recent.find('a', { prefix: 'x = ', suffix: '\n' })).toBe('first + second');
  expect(recent.find('a', { prefix: 'x = fir', suffix: '\n' })).toBe('st + second');
  expect(recent.find('a', { prefix: 'x = first + second', suffix: '\n' })).toBeUndefined();
  expect(recent.find('a', { prefix: 'x = for', suffix: '\n' })).toBeUndefined();
  expect(recent.find('b', { prefix: 'x = ', suffix: '\n' })).toBeUndefined();
  expect(recent.find('a', { prefix: 'x = ', suffix: ')\n' })).toBeUndefined();
});

test('the latest one counts, and that there is nothing is known as well', () => {
  const recent = new RecentCompletions();
  recent.add({ document: 'a', prefix: 'x', suffix: '', text: 'old' });
  recent.add({ document: 'a', prefix: 'x', suffix: '', text: '' });
  expect(recent.find('a', { prefix: 'x', suffix: '' })).toBe('');
  for (let index = 0; index < 60; index++) recent.add({ document: 'b', prefix: String(index), suffix: '', text: 'y' });
  expect(recent.find('a', { prefix: 'x', suffix: '' })).toBeUndefined();
});
