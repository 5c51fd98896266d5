import { describe, expect, it } from 'vitest';
import { relocate } from './relocate.ts';

describe('relocate', () => {
  it('finds the text where it was', () => expect(relocate('abc abc', 4, 'abc')).toBe(4));
  it('follows it when text above it changed', () => expect(relocate('// new\nf(x)\n', 0, 'f(x)')).toBe(7));
  it('gives up when it changed', () => expect(relocate('f(y)\n', 0, 'f(x)')).toBeUndefined());
  it('gives up when there are two candidates', () => expect(relocate('-a-a', 0, 'a')).toBeUndefined());
  it('gives up on blank text that is not where it was', () =>
    expect(relocate('a\n\nb\n\n', 1, '\n\n\n')).toBeUndefined());
  it('gives up beyond the end', () => expect(relocate('a', 5, '')).toBeUndefined());
});
