import { dirname } from 'node:path';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { grammarFor } from '../syntax/grammars.ts';
import { Parsers } from '../syntax/parsers.ts';
import { keepCode } from './keep-code.ts';

const parsers = new Parsers(dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm')));

async function kept(languageId: string, before: string, after: string) {
  const [old, changed] = await Promise.all(
    [before, after].map(async (text) => {
      const answer = await parsers.answer({ grammar: grammarFor(languageId) ?? '', text, outline: true });
      return { text, comments: answer?.outline?.comments ?? [] };
    }),
  );
  return old !== undefined && changed !== undefined ? keepCode(old, changed) : undefined;
}

const python = 'def f(a):\n    b = a  # one\n    return b\n';

test.each([
  [
    'a docstring is a comment',
    'python',
    python,
    'def f(a):\n    """Doc.\n\n    More.\n    """\n    b = a  # eins\n    return b\n',
    'def f(a):\n    """Doc.\n\n    More.\n    """\n    b = a  # eins\n    return b\n',
    0,
  ],
  [
    'changed code stays as it was',
    'python',
    python,
    'def f(a: int):\n    # New.\n    b = a\n    return b\n',
    'def f(a):\n    # New.\n    b = a\n    return b\n',
    1,
  ],
  [
    'comments before changed code are kept',
    'typescript',
    '// Old.\nfunction f(a) {\n  return a;\n}\n',
    '/** New. */\nfunction f(a: number) {\n  return a;\n}\n',
    '/** New. */\nfunction f(a) {\n  return a;\n}\n',
    1,
  ],
  [
    'added code is left out, and the old comment stays',
    'typescript',
    'f();\n// Old.\ng();\n',
    'f();\nh();\ng();\n',
    'f();\n// Old.\ng();\n',
    1,
  ],
  ['a string that is no docstring is code', 'python', python, `${python}"text"\n`, python, 1],
  ['CRLF', 'javascript', 'f(); // a\r\ng();\r\n', 'f(); // b\r\ng();\r\n', 'f(); // b\r\ng();\r\n', 0],
  ['comments that are gone', 'cpp', '// a\nint f();\n/* b */\n', 'int f();\n', 'int f();\n', 0],
  ['indentation is code', 'python', 'if a:\n    b()\nc()\n', 'if a:\n    b()\n    c()\n', 'if a:\n    b()\nc()\n', 1],
  ['an inner comment', 'go', 'x := f(/* a */ 1)\n', 'x := f(/* b */ 1)\n', 'x := f(/* b */ 1)\n', 0],
])('%s', async (_name, languageId, before, after, text, dropped) => {
  expect(await kept(languageId, before, after)).toEqual({ text, dropped });
});
