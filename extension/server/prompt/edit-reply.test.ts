import { describe, expect, test } from 'vitest';
import { extractCode, fenceFor } from '../../base/fences.ts';
import { readShape, toReplacement } from './edit-reply.ts';

/** Puts `‹` and `›` around the selection of a document. */
function marked(document: string) {
  const [before = '', rest = ''] = document.split('‹');
  const [selection = '', after = ''] = rest.split('›');
  return { before, selection, after };
}

function rewrite(document: string, reply: string, fence = '```'): string {
  const parts = marked(document);
  return parts.before + toReplacement(reply, fence, readShape(parts)) + parts.after;
}

describe('the model sees the selection without its place', () => {
  test.each([
    ['spaces', 'if (a) {\n‹    b();\n      c();\n›}', 'b();\n  c();'],
    ['tabs', 'if (a) {\n‹\tb();\n\t\tc();\n›}', 'b();\n\tc();'],
    ['selection after the indentation', 'if (a) {\n    ‹b();\n    c();›\n}', 'b();\nc();'],
    ['in the middle of a line', 'x = ‹f(\n    1,\n  );›', 'f(\n  1,\n);'],
    ['CRLF', '{\r\n‹  a\r\n\r\n  b\r\n›}', 'a\n\nb'],
    ['first line deeper', '{\n      ‹return 1;\n    }›', '  return 1;\n}'],
  ])('%s', (_name, document, core) => {
    expect(readShape(marked(document)).core).toBe(core);
  });
});

describe('the replacement gets the place of the selection', () => {
  test.each([
    ['indentation', 'if (a) {\n‹    b();\n›}', 'if (x) {\n  b();\n}', 'if (a) {\n    if (x) {\n      b();\n    }\n}'],
    ['indentation that the model kept', 'if (a) {\n‹    b();\n›}', '    c();', 'if (a) {\n    c();\n}'],
    ['first line', 'if (a) {\n    ‹b();\n    c();›\n}', 'd();\ne();', 'if (a) {\n    d();\n    e();\n}'],
    ['middle of a line', '  x = ‹f(1)›;', 'g(\n  1,\n)', '  x = g(\n  1,\n);'],
    ['CRLF', '{\r\n‹  a\r\n›}', 'b\nc', '{\r\n  b\r\n  c\r\n}'],
    [
      'tabs for spaces',
      '{\n‹\tif (a) {\n\t\tb();\n\t}\n›}',
      'if (c) {\n    if (d) {\n        e();\n    }\n}',
      '{\n\tif (c) {\n\t\tif (d) {\n\t\t\te();\n\t\t}\n\t}\n}',
    ],
    [
      'spaces for tabs',
      'def f():\n‹  return 1\n›',
      'if a:\n\treturn 2\nreturn 1',
      'def f():\n  if a:\n    return 2\n  return 1\n',
    ],
    ['no newline at the end', '‹a›', 'b\n', 'b'],
    ['blank lines around', '‹\n\n  a\n\n›z', 'b', '\n\n  b\n\nz'],
    ['Unicode', '‹  naïve = "𝒳👩‍💻";›', 'λ = "日本\u2028語";', '  λ = "日本\u2028語";'],
    [
      'repeated surroundings',
      'package sum\n\n‹func s() {}›\n',
      'package sum\n\nfunc sum() {\n}',
      'package sum\n\nfunc sum() {\n}\n',
    ],
    [
      'repeated function around it',
      'function f() {\n‹  a();\n›}\n',
      'function f() {\n  b();\n}',
      'function f() {\n  b();\n}\n',
    ],
    ['a line that the selection begins with as well', 'a();\n‹a();\nb();›', 'a();\nc();', 'a();\na();\nc();'],
    ['an end like the line after it', '{\n  ‹b();›\n}', 'if (x) {\n  b();\n}', '{\n  if (x) {\n    b();\n  }\n}'],
    ['the bracket after it', 'f(\n‹  a,\n  b,\n›);\ng();\n', 'a,\nc,\n);', 'f(\n  a,\n  c,\n);\ng();\n'],
    [
      'the line after it',
      'def f():\n‹    a = 1\n›    return a\n',
      'a = 2\nreturn a',
      'def f():\n    a = 2\n    return a\n',
    ],
    ['an end of its own', 'if a\n‹  b\n›end\n', 'if c\n  b\nend', 'if a\n  if c\n    b\n  end\nend\n'],
    ['a last line like the next', 'x += 1\n‹x += 1\n›x += 1\n', 'x += 2\nx += 1', 'x += 1\nx += 2\nx += 1\nx += 1\n'],
    ['the rest of its line', 'const x = ‹f(1)›;\n', 'const x = g(1);', 'const x = g(1);\n'],
    ['an empty answer', '‹a›b', '', 'b'],
  ])('%s', (_name, document, reply, expected) => {
    expect(rewrite(document, reply)).toBe(expected);
  });
});

describe('sentences of the prompt', () => {
  const phrases = ['This is the code to rewrite:'];
  const shape = readShape({ before: '', selection: 'a();\n', after: '' });
  test.each([
    ['end the code', 'b();\n// This is the code to rewrite:\na();', 'b();\n'],
    ['leave nothing where they begin it', 'This is the code to rewrite:\n```ts\na();\n```', ''],
  ])('%s', (_name, reply, expected) => {
    expect(toReplacement(reply, '```', shape, phrases)).toBe(expected);
  });

  test('are code where the code has them', () => {
    const own = readShape({ before: '', selection: '// This is the code to rewrite:\n', after: '' });
    expect(toReplacement('// This is the code to rewrite: x', '```', own, phrases)).toBe(
      '// This is the code to rewrite: x\n',
    );
  });
});

describe('the code in a reply', () => {
  test.each([
    ['goes on in our fence', 'a\nb', '```', 'a\nb'],
    ['closes our fence and explains', 'a\n```\nThis is better because…', '```', 'a'],
    ['begins a fence of its own', '```ts\na\n```', '```', 'a'],
    ['explains first', 'Here is the code:\n\n```ts\na\n```\nBye', '```', 'a'],
    ['never closes', '```ts\na\nb', '```', 'a\nb'],
    ['longer fence around backticks', 'a\n```js\nb\n```\nc\n````\nwords', '````', 'a\n```js\nb\n```\nc'],
    ['its own shorter fence', '```ts\na\n```', '````', 'a'],
  ])('%s', (_name, reply, fence, expected) => {
    expect(extractCode(reply, fence, 'code')).toBe(expected);
  });

  test('a fence that is part of a document stays', () => {
    expect(extractCode('```sh\nnpm i\n```\nthen', '````', '```sh\nnpm ci\n```\nthen')).toBe('```sh\nnpm i\n```\nthen');
  });
});

test('writing the same code back changes no byte', () => {
  const random = generator(42);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  for (let round = 0; round < 3000; round += 1) {
    const unit = pick(['\t', '  ', '    ']);
    const eol = pick(['\n', '\r\n']);
    const line = (): string =>
      unit.repeat(Math.floor(random() * 4)) +
      pick(['x', '}', 'f(`a`)', '"日本"', '👩‍💻', '````', '# é', '- a', '<b>', 'a  b']);
    const text =
      Array.from({ length: 1 + Math.floor(random() * 8) }, () => (random() < 0.15 ? '' : line())).join(eol) +
      pick(['', eol]);
    const [start, end] = [Math.floor(random() * text.length), Math.floor(random() * text.length)].sort((a, b) => a - b);
    const parts = { before: text.slice(0, start), selection: text.slice(start, end), after: text.slice(end) };
    if (!isWholeText(parts)) {
      continue;
    }
    const shape = readShape(parts);
    const fence = fenceFor([shape.core]);
    expect([text, toReplacement(shape.core, fence, shape)]).toEqual([text, parts.selection]);
  }
});

/** Selects something, and cuts no CRLF and no surrogate pair. */
function isWholeText({ before, selection }: { readonly before: string; readonly selection: string }): boolean {
  const cut = /[\r\ud800-\udbff]$/u;
  return selection.trim() !== '' && !cut.test(before) && !cut.test(selection);
}

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
