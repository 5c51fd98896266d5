import { describe, expect, it } from 'vitest';
import { relocate } from './relocate.ts';

const at = (text: string, offset: number, selection: string, before = '', after = ''): number | undefined =>
  relocate(text, offset, selection, { before, after });

describe('relocate', () => {
  it('finds the text where it was', () => expect(at('abc abc', 4, 'abc')).toBe(4));
  it('follows it when text above it changed', () => expect(at('// new\nf(x)\n', 0, 'f(x)')).toBe(7));
  it('gives up when it changed', () => expect(at('f(y)\n', 0, 'f(x)')).toBeUndefined());
  it('gives up when there are two candidates', () => expect(at('-a-a', 0, 'a')).toBeUndefined());
});

describe('relocate of an empty or blank selection', () => {
  it('finds an empty line where it was', () => expect(at('a\n\nb', 2, '', 'a\n', '\nb')).toBe(2));
  it('follows it when text above it changed', () => expect(at('x\na\n\nb', 2, '', 'a\n', '\nb')).toBe(4));
  it('gives up when its neighbours changed', () => expect(at('a\nc\nb', 2, '', 'a\n', '\nb')).toBeUndefined());
  it('gives up when the place is not unique', () => expect(at('x\na\n\na\n\n', 2, '', 'a\n', '\n')).toBeUndefined());
  it('fits an empty document only while it is empty', () => {
    expect(at('', 0, '')).toBe(0);
    expect(at('typed', 0, '')).toBeUndefined();
  });
});
