import { expect, test } from 'vitest';
import { syntaxInProcess } from '../testing/syntax-in-process.ts';
import { statementLines } from './code-lines.ts';

const syntax = syntaxInProcess();

test.each([
  ['python', ['import a', 'def f(', '    b,', '):', '    """Doc', '    more."""', '    # no', '    return b'], [7]],
  ['cpp', ['#include <a>', 'bool f(int a,', '       int b) {', '  // no', '  return a;', '}'], [4]],
  ['java', ['class A {', '  public int f() {', '    int a = 1; // one', '    return a;', '  }', '}'], [2, 3]],
  ['plaintext', ['# no', 'a = 1', '}'], [1]],
])('statements of %s', async (languageId, lines, expected) => {
  const text = lines.join('\n');
  const isStatement = statementLines(text, await syntax.outline(languageId, text));
  expect(lines.flatMap((_, line) => (isStatement(line) ? [line] : []))).toEqual(expected);
});
