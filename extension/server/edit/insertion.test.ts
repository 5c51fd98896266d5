import { expect, test } from 'vitest';
import { readShape, toReplacement } from '../prompt/edit-reply.ts';
import { spacedInsertion } from './insertion.ts';

/** The document with an answer at `‹›`. */
function inserted(document: string, reply: string): string {
  const [before = '', after = ''] = document.split('‹›');
  const shape = readShape({ before, selection: '', after });
  return before + spacedInsertion(toReplacement(reply, '```', shape), { before, after }, shape) + after;
}

test.each([
  ['an empty file', '‹›', 'import a\n\ndef test_a(): pass', 'import a\n\ndef test_a(): pass\n'],
  ['the end of a file', 'a()\n‹›', 'b()', 'a()\n\nb()\n'],
  ['no line break at the end', 'a()‹›', 'b()', 'a()\n\nb()\n'],
  ['between two tests', 'a()\n\n‹›\n\nc()\n', 'b()', 'a()\n\nb()\n\nc()\n'],
  [
    'in a class',
    'class A {\n  a() {}\n\n  ‹›\n}\n',
    'b() {\n  c();\n}',
    'class A {\n  a() {}\n\n  b() {\n    c();\n  }\n}\n',
  ],
  [
    'repeated imports',
    "import { a } from 'a';\n‹›",
    "import { a } from 'a';\n\ntest(a);",
    "import { a } from 'a';\n\ntest(a);\n",
  ],
  ['CRLF', 'a()\r\n‹›', 'b()\nc()', 'a()\r\n\r\nb()\r\nc()\r\n'],
  ['the file and the new tests', 'a()\n\nb()\n‹›', 'a()\n\nb()\n\nc()', 'a()\n\nb()\n\nc()\n'],
  ['nothing', 'a()\n‹›', '', 'a()\n'],
])('%s', (_name, document, reply, expected) => {
  expect(inserted(document, reply)).toBe(expected);
});
