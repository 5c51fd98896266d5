import { describe, expect, test } from 'vitest';
import { applyStyle, describeStyle, styleOf } from './commit-style.ts';

const plain = { types: [], lowerCase: false };

describe('styleOf', () => {
  test('knows types and case', () => {
    expect(styleOf(['fix(cart): round sums', 'feat: add a cart', 'Merge branch x', 'chore!: drop y'])).toEqual({
      types: ['fix', 'feat', 'chore', 'docs', 'refactor', 'test'],
      lowerCase: true,
    });
    expect(styleOf(['Add a cart', 'Round sums', 'fix: x'])).toEqual(plain);
    expect(styleOf(['add a cart', 'round sums'])).toEqual({ types: [], lowerCase: true });
    expect(styleOf([])).toEqual(plain);
  });
  test('tells the model the types', () => expect(describeStyle(styleOf(['fix: a']))).toMatch(/fix:, feat:/u));
});

describe('applyStyle', () => {
  test.each([
    ['Fix: round sums', plain, 'Round sums'],
    ['feat(cart): add it', plain, 'Add it'],
    ['add a cart', plain, 'Add a cart'],
    ['readFile takes a path', plain, 'readFile takes a path'],
    ['Add a cart', { types: [], lowerCase: true }, 'add a cart'],
    ['HTTP is used', { types: [], lowerCase: true }, 'HTTP is used'],
    ['Fix: Round sums', { types: ['fix'], lowerCase: true }, 'fix: round sums'],
    ['fix(a b): Round', { types: ['fix'], lowerCase: true }, 'fix(a b): round'],
    ['Round sums', { types: ['fix'], lowerCase: true }, 'round sums'],
    ['fix: Round sums', { types: ['fix'], lowerCase: false }, 'fix: Round sums'],
  ])('%s', (subject, style, expected) => expect(applyStyle(subject, style)).toBe(expected));
});
