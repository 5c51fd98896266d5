import { expect, test } from 'vitest';
import { leftOf, typedSince } from './typed-since.ts';

const then = { prefix: 'x = ', suffix: '\n', text: 'f(a, (b)) + 1' };

test('what was typed, also where the editor has closed brackets behind it', () => {
  expect(typedSince(then, { prefix: 'x = f', suffix: '\n' })).toBe('f');
  expect(typedSince(then, { prefix: 'x = f(', suffix: ')\n' })).toBe('f(');
  expect(typedSince(then, { prefix: 'x = f(', suffix: ';\n' })).toBeUndefined();
  expect(typedSince(then, { prefix: 'y = f', suffix: '\n' })).toBeUndefined();
  expect(typedSince(then, { prefix: 'x = f', suffix: '' })).toBeUndefined();
});

test('what is left of a completion goes as far as the bracket that stands there already', () => {
  expect(leftOf(then, { prefix: 'x = f', suffix: '\n' })).toBe('(a, (b)) + 1');
  expect(leftOf(then, { prefix: 'x = f(', suffix: ')\n' })).toBe('a, (b)');
  expect(leftOf(then, { prefix: 'x = f(a, (', suffix: '))\n' })).toBe('b');
  expect(leftOf(then, { prefix: 'x = g(', suffix: ')\n' })).toBeUndefined();
  expect(leftOf({ ...then, text: 'f(a' }, { prefix: 'x = f(', suffix: ')\n' })).toBeUndefined();
  expect(leftOf({ ...then, text: "'a'" }, { prefix: "x = '", suffix: "'\n" })).toBe('a');
});
