import { expect, test } from 'vitest';
import {
  CheckError,
  either,
  exactly,
  flag,
  list,
  number,
  object,
  oneOf,
  optional,
  passes,
  record,
  text,
  variant,
  whole,
  withDefault,
} from './check.ts';
import type { Check } from './check.ts';

test.each<[string, Check<unknown>, unknown, string]>([
  ['a text', text(), 3, 'x must be a string'],
  ['a long text', text({ most: 2 }), 'abc', 'x must have at most 2 characters'],
  ['a pattern', text({ pattern: /^a$/u }), 'b', 'x has the wrong format'],
  ['NaN', number(), Number.NaN, 'x must be a number'],
  ['infinity', number(), Number.POSITIVE_INFINITY, 'x must be a number'],
  ['a number out of range', number(0, 1), 2, 'x must be a number from 0 to 1'],
  ['half', whole(), 0.5, 'x must be a whole number of at least 0'],
  ['a number that doubles round', whole(), 2 ** 60, 'x must be a whole number of at least 0'],
  ['no flag', flag, 1, 'x must be true or false'],
  ['another word', oneOf(['a', 'b']), 'c', 'x must be a or b'],
  ['another version', exactly(1), 2, 'x must be 1'],
  ['no list', list(text()), {}, 'x must be a list'],
  ['an empty list', list(text(), { least: 1 }), [], 'x must not be empty'],
  ['a long list', list(text(), { most: 1 }), ['', ''], 'x must have at most 1 entries'],
  ['an entry', list(text()), ['a', 1], 'x[1] must be a string'],
  ['no object', object({}), [], 'x must be an object'],
  ['a field', object({ a: object({ b: flag }) }), { a: {} }, 'x.a.b must be true or false'],
  ['a value of a record', record(whole()), { k: -1 }, 'x.k must be a whole number of at least 0'],
  ['a kind', variant('kind', { a: object({}) }), { kind: 'toString' }, 'x.kind must be a'],
  ['neither', either(flag, text()), 1, 'x must be a string'],
])('refuses %s and says where', (_, check, value, message) => {
  expect(() => check(value, 'x')).toThrow(
    new CheckError(message.split(' ')[0] ?? '', message.slice(message.indexOf(' ') + 1)),
  );
  expect(passes(check, value)).toBe(false);
});

test('returns what it knows and nothing else', () => {
  const check = object({ a: text(), b: optional(whole()), c: withDefault(flag, true) });
  const value: unknown = JSON.parse('{"a":"x","d":1,"__proto__":{"b":3},"c":null}');
  expect(check(value, '')).toEqual({ a: 'x', c: true });
  expect(Object.keys(check(value, ''))).toEqual(['a', 'c']);
});

test('does not take inherited fields for those of the value', () => {
  expect(() => object({ toString: text() })({}, 'x')).toThrow('x.toString must be a string');
});
