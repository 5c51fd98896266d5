import { expect, test } from 'vitest';
import { codeCharacters, endsInComment } from './lexer.ts';

test('tells comments and strings from code', () => {
  const code = (text: string, languageId: string): string =>
    [...codeCharacters(text, languageId)].map(({ char }) => char).join('');
  expect(code('a = "b" # c\nd', 'python')).toBe('a =  \nd');
  expect(code("let a: &'b str; /* c\n d */ e // f", 'rust')).toBe("let a: &'b str;  e ");
  expect(code('x = """a\nb""" + y', 'python')).toBe('x =  + y');
});

test('knows when the cursor is in a comment', () => {
  for (const [text, languageId] of [
    ['a = 1 # wh', 'python'],
    ['/* what', 'cpp'],
    ['/**\n * what', 'typescript'],
    ['// ', 'go'],
    ['/*', 'c'],
  ] as const)
    expect(endsInComment(text, languageId)).toBe(true);
  for (const [text, languageId] of [
    ['a = 1 # what\n', 'python'],
    ['/* what */', 'cpp'],
    ['/* what */ ', 'cpp'],
    ['let a = 1; // what\nle', 'typescript'],
    ['', 'go'],
  ] as const)
    expect(endsInComment(text, languageId)).toBe(false);
});
