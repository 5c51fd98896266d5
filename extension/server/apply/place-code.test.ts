import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Parsers } from '../syntax/parsers.ts';
import { Syntax, type SyntaxReply } from '../syntax/syntax.ts';
import { placeCode } from './place-code.ts';

const parsers = new Parsers(dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm')));

/** The parsers without their thread. */
const syntax = new Syntax(() => {
  let listen: (reply: SyntaxReply) => void = () => {};
  return {
    postMessage: ({ id, question }) => void parsers.answer(question).then((answer) => listen({ id, answer })),
    on: (event: string, listener: (reply: SyntaxReply) => void) => {
      if (event === 'message') listen = listener;
    },
    terminate: () => {},
    unref: () => {},
  };
});

async function applied(languageId: string, text: string, code: string, cursor?: number): Promise<string> {
  const params = { languageId, text, code, ...(cursor === undefined ? {} : { cursor }) };
  const result = await placeCode(syntax, params);
  return result.kind === 'replace'
    ? text.slice(0, result.start) + result.replacement + text.slice(result.end)
    : result.kind;
}

const cart = `import { a } from './a';

/** Sums up. */
export function total(items: number[]): number {
  return a(items);
}

export class Cart {
    items: number[] = [];

    add(item: number): void {
        this.items.push(item);
    }

    get size(): number {
        return this.items.length;
    }
}
`;

describe('a declaration of the same name', () => {
  test('keeps its export and its comment', async () => {
    const code = 'function total(items: number[]): number {\n  return 1;\n}';
    expect(await applied('typescript', cart, code)).toBe(cart.replace('return a(items);', 'return 1;'));
  });

  test('takes the comment that comes with the code', async () => {
    const code = '// New.\nexport function total(): number {\n  return 1;\n}\n\nconsole.log(total());';
    expect(await applied('typescript', cart, code)).toBe(
      cart.replace(/\/\*\* Sums[\s\S]*?\n\}/u, '// New.\nexport function total(): number {\n  return 1;\n}'),
    );
    const result = await placeCode(syntax, { languageId: 'typescript', text: cart, code });
    expect(result).toMatchObject({ leftOut: 1 });
  });

  test('is a method that stands alone in the block, at the indentation of its class', async () => {
    const code = 'add(item: number): void {\n  if (item > 0) {\n    this.items.push(item);\n  }\n}';
    expect(await applied('typescript', cart, code)).toBe(
      cart.replace(
        /    add[\s\S]*?\n    \}/u,
        '    add(item: number): void {\n      if (item > 0) {\n        this.items.push(item);\n      }\n    }',
      ),
    );
  });

  test('in a class that shows only some members, and a new one', async () => {
    const code =
      'class Cart {\n  add(item: number): void {\n    this.items.unshift(item);\n  }\n\n  clear(): void {\n    this.items = [];\n  }\n}';
    expect(await applied('typescript', cart, code)).toBe(
      cart.replace(
        /    add[\s\S]*?\n    \}/u,
        '    add(item: number): void {\n      this.items.unshift(item);\n    }\n\n    clear(): void {\n      this.items = [];\n    }',
      ),
    );
  });

  test('with an import that is new', async () => {
    const code = "import { b } from './b';\n\nexport function total(items: number[]): number {\n  return b(items);\n}";
    expect(await applied('typescript', cart, code)).toBe(
      cart.replace("'./a';", "'./a';\nimport { b } from './b';").replace('return a(items)', 'return b(items)'),
    );
  });

  test('with a new function before it', async () => {
    const code = 'function one() {\n  return 1;\n}\n\nexport function total() {\n  return one();\n}';
    expect(await applied('typescript', cart, code)).toContain(
      'function one() {\n  return 1;\n}\n\n/** Sums up. */\nexport function total() {\n  return one();\n}\n\nexport class Cart {',
    );
  });

  test('keeps CRLF and tabs', async () => {
    const text = 'class A:\r\n\tdef f(self):\r\n\t\treturn 1\r\n\r\n\tdef g(self):\r\n\t\treturn 2\r\n';
    const code = 'def f(self):\n    if self:\n        return 3\n    return 1';
    expect(await applied('python', text, code)).toBe(
      text.replace('\t\treturn 1', '\t\tif self:\r\n\t\t\treturn 3\r\n\t\treturn 1'),
    );
  });

  test.each([
    [
      'python',
      '@cached\ndef f(x):\n    return 1\n\nx = f(1)\n',
      'def f(x):\n    return 2',
      '@cached\ndef f(x):\n    return 2\n\nx = f(1)\n',
    ],
    [
      'go',
      'package p\n\nfunc (c *Cart) F() int {\n\treturn 1\n}\n\nfunc F() {}\n',
      'func (c *Cart) F() int {\n    return 2\n}',
      'package p\n\nfunc (c *Cart) F() int {\n\treturn 2\n}\n\nfunc F() {}\n',
    ],
    [
      'java',
      'class A {\n    int f() { return 1; }\n\n    int g() { return 1; }\n}\n',
      'int g() {\n    return 2;\n}',
      'class A {\n    int f() { return 1; }\n\n    int g() {\n        return 2;\n    }\n}\n',
    ],
    [
      'rust',
      'impl A {\n    fn f(&self) -> i32 {\n        1\n    }\n}\n',
      'fn f(&self) -> i32 {\n    2\n}',
      'impl A {\n    fn f(&self) -> i32 {\n        2\n    }\n}\n',
    ],
    [
      'cpp',
      '#include <a>\n\nint f(int x) {\n  return 1;\n}\n',
      'int f(int x) {\n    return 2;\n}',
      '#include <a>\n\nint f(int x) {\n    return 2;\n}\n',
    ],
    [
      'php',
      '<?php\nclass A {\n    function f() { return 1; }\n}\n',
      'function f() {\n    return 2;\n}',
      '<?php\nclass A {\n    function f() {\n        return 2;\n    }\n}\n',
    ],
    ['shellscript', 'set -e\nf() {\n  echo 1\n}\nf\n', 'f() {\n  echo 2\n}', 'set -e\nf() {\n  echo 2\n}\nf\n'],
  ])('in %s', async (languageId, text, code, expected) => {
    expect(await applied(languageId, text, code)).toBe(expected);
  });
});

describe('the whole text', () => {
  test('when the code has all of it', async () => {
    const text = 'import a\n\ndef f():\n    return 1\n\nprint(f())\n';
    const code = 'import a\nimport b\n\ndef f():\n    return b.x\n\nprint(f(), 2)';
    expect(await applied('python', text, code)).toBe(`${code}\n`);
  });

  test('of an empty file', async () => expect(await applied('python', '\n', 'x = 1\n')).toBe('x = 1\n'));

  test('is not taken when a member is missing', async () => {
    expect(
      await applied(
        'typescript',
        cart,
        "import { a } from './a';\n\nexport function total() {\n  return 1;\n}\n\nexport class Cart {\n  items = [];\n}",
      ),
    ).toContain('get size');
  });
});

describe('comments that keep what is there', () => {
  test('between declarations', async () => {
    const code = '// ... existing code ...\n\nexport function total() {\n  return 1;\n}\n\n// ... rest of the file';
    expect(await applied('typescript', cart, code)).toContain(
      'export function total() {\n  return 1;\n}\n\nexport class Cart {\n    items',
    );
  });

  test('within a class', async () => {
    const code = 'export class Cart {\n  // ... existing code ...\n\n  get size(): number {\n    return 0;\n  }\n}';
    expect(await applied('typescript', cart, code)).toBe(
      cart.replace('return this.items.length;', 'return 0;').replace('        return 0', '      return 0'),
    );
  });

  test('within a function', async () => {
    const text = 'def f(x):\n    a = 1\n    b = 2\n    return a + b\n';
    expect(await applied('python', text, 'def f(x, y):\n    # ... existing code ...\n    return a + b')).toBe(
      text.replace('f(x)', 'f(x, y)'),
    );
  });

  test('refused when it is not clear what they keep', async () => {
    const text = 'def f(x):\n    a = 1\n    b = 2\n    return a + b\n';
    expect(await applied('python', text, 'def f(x):\n    # ... existing code ...\n    return a - b')).toBe('unclear');
    expect(await applied('json', '{\n  "a": 1\n}\n', '{\n  // ... existing code ...\n  "b": 2\n}')).toBe('unclear');
  });
});

describe('without a declaration of the same name', () => {
  test('lines decide', async () => {
    const text = '{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}\n';
    expect(await applied('json', text, '"a": 1,\n"b": 22,\n"c": 3')).toBe(text.replace('2,', '22,'));
  });

  test('nothing is replaced by code of another file', async () => {
    expect(await applied('typescript', cart, 'export function other() {\n  return 1;\n}')).toBe('nowhere');
    expect(await applied('plaintext', 'one\ntwo\n', 'three\nfour')).toBe('nowhere');
    expect(await applied('typescript', cart, '')).toBe('nowhere');
  });
});

test('writing a declaration of real code back changes nothing', async () => {
  for (const code of ['export function total(items: number[]): number {\n  return a(items);\n}', cart]) {
    expect(await applied('typescript', cart, code)).toBe(cart);
  }
});

describe('new declarations only', () => {
  const python =
    'class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n\n\ndef h():\n    return 3\n';
  const at = (text: string, word: string): number => text.indexOf(word) + 1;

  test('go to the end of the class that the code shows', async () => {
    const code = 'class Cart {\n  // ... existing code ...\n\n  clear(): void {\n    this.items = [];\n  }\n}';
    expect(await applied('typescript', cart, code)).toBe(
      cart.replace(/\}\n\}\n$/u, '}\n\n    clear(): void {\n      this.items = [];\n    }\n}\n'),
    );
  });

  test('go to their type in Go and C++', async () => {
    const text = 'package p\n\ntype A struct{}\n\nfunc (a *A) F() {}\n\nfunc main() {}\n';
    expect(await applied('go', text, 'func (a *A) G() {\n\treturn\n}')).toBe(
      text.replace('F() {}', 'F() {}\n\nfunc (a *A) G() {\n\treturn\n}'),
    );
  });

  test('go behind the function around the cursor', async () => {
    const code = 'import os\n\ndef i():\n    return 4';
    expect(await applied('python', python, code, at(python, 'return 3'))).toBe(
      `import os\n\n${python.trimEnd()}\n\ndef i():\n    return 4\n`,
    );
    expect(await applied('python', python, 'def i():\n    return 4', at(python, 'return 1'))).toBe(
      python.replace('return 2\n', 'return 2\n\ndef i():\n    return 4\n'),
    );
    expect(await applied('python', python, 'def i():\n    return 4', python.length)).toBe('nowhere');
  });

  test('go behind the method around the cursor, if they are methods', async () => {
    const code = 'def i(self):\n    return 4';
    expect(await applied('python', python, code, at(python, 'return 1'))).toBe(
      python.replace('return 1\n', 'return 1\n\n    def i(self):\n        return 4\n'),
    );
  });
});

test('of two methods of one name each is replaced once, and a third is new', async () => {
  const text = 'class A {\n  int f() { return 1; }\n\n  int f(int x) { return x; }\n}\n';
  const code =
    'class A {\n  int f() { return 2; }\n\n  int f(int x) { return x + 1; }\n\n  int f(long x) { return 3; }\n}';
  expect(await applied('java', text, code)).toBe(`${code}\n`);
});

test('the head of a class that is shown in part may change', async () => {
  const code =
    'export class Cart extends Box {\n  // ... existing code ...\n\n  get size(): number {\n    return 0;\n  }\n}';
  expect(await applied('typescript', cart, code)).toMatch(/export class Cart extends Box \{\n {4}items/u);
});

test('a constructor does not take the place of its class', async () => {
  const text = 'class A {\n  int x;\n\n  A() { x = 1; }\n}\n';
  expect(await applied('java', text, 'A() { x = 2; }')).toBe(text.replace('1', '2'));
});

test('a huge block costs no time', async () => {
  const start = performance.now();
  expect(await applied('typescript', cart, 'x'.repeat(1_000_000))).toBe('nowhere');
  expect(await applied('typescript', cart, `f(${'('.repeat(50_000)}`)).toBe('nowhere');
  expect(performance.now() - start).toBeLessThan(8000);
});

/** Real code of eight languages: each declaration, as a block of the chat shows it. */
describe('writing any declaration back', () => {
  const folder = join(import.meta.dirname, '../../../test/fixtures/syntax');
  for (const name of readdirSync(folder)) {
    test(`of ${name} changes nothing`, async () => {
      const text = readFileSync(join(folder, name), 'utf8');
      const languageId = name.split('.')[0] ?? '';
      const items = (await syntax.outline(languageId, text))?.items ?? [];
      const all = items.flatMap((item) => [item, ...item.members]).filter(({ kind }) => kind === 'declaration');
      expect(all.length).toBeGreaterThan(0);
      for (const { name: declared, start, end } of all) {
        const line = text.lastIndexOf('\n', start - 1) + 1;
        const code = withoutIndent(text.slice(line, end));
        // A field alone may be no code in its language.
        expect(['nowhere', text], declared).toContain(await applied(languageId, text, code));
        expect(['nowhere', text], declared).toContain(await applied(languageId, text, `\n${code}\n\n`));
      }
    });
  }
});

function withoutIndent(code: string): string {
  const indent = /^[ \t]*/u.exec(code)?.[0] ?? '';
  return code
    .split('\n')
    .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
    .join('\n');
}
