import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { grammarFor } from './grammars.ts';
import { namedItems } from './outline.ts';
import type { OutlineItem } from './outline.ts';
import { Parsers } from './parsers.ts';

const parsers = new Parsers(dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm')));

async function outline(languageId: string, text: string): Promise<readonly OutlineItem[]> {
  return (await parsers.answer({ grammar: grammarFor(languageId) ?? '', text, outline: true }))?.outline?.items ?? [];
}

function names(items: readonly OutlineItem[]): string {
  return items
    .map(
      ({ kind, name, members }) =>
        (kind === 'declaration' ? name : `<${kind}>`) + (members.length > 0 ? `(${names(members)})` : ''),
    )
    .join(' ');
}

describe('outlineOf', () => {
  test.each([
    [
      'typescript',
      "import a from 'a';\nexport const f = () => 1;\nfunction g() {}\nexport class A { x = 1; f(): void {} }\ninterface I { x: number }\ntype T = 1;\nf();",
      '<import> f g A(x f) I(<other>) T <other>',
    ],
    [
      'javascript',
      'export default class A { constructor() {} get x() { return 1; } }\nmodule.exports = f;',
      'A(constructor x) module.exports',
    ],
    [
      'python',
      'import a\nfrom b import c\n@cached\ndef f(x):\n    return x\nclass A(B):\n    x = 1\n    @property\n    def g(self):\n        pass\nK = 1\nprint(f(1))',
      '<import> <import> f A(x g) K <other>',
    ],
    [
      'go',
      'package p\nimport "fmt"\ntype Cart struct { x int }\nfunc (c *Cart) Total() int { return 1 }\nfunc main() {}\nconst k = 1',
      '<import> <import> Cart Cart.Total main k',
    ],
    [
      'rust',
      'use a::b;\nstruct A { x: i32 }\nimpl A { fn f(&self) {} }\nimpl Show for A { fn g(&self) {} }\nfn main() {}',
      '<import> A(x) impl A(f) impl Show for A(g) main',
    ],
    [
      'java',
      'package p;\nimport a.B;\npublic class A { int x; A() {} @Override int f() { return 1; } }',
      '<import> <import> A(x A f)',
    ],
    [
      'csharp',
      'using System;\nnamespace N { class A { public int X { get; set; } int F() { return 1; } } }',
      '<import> N(A(X F))',
    ],
    [
      'cpp',
      '#include <a>\nint h(int a);\nextern int k;\nint Ring::push(int x) { return x; }\nclass A { int f() { return 1; } void i(int); };\ntemplate <class T> T g(T x) { return x; }',
      '<import> <forward> <forward> Ring::push A(f i) g',
    ],
    ['ruby', 'class A\n  def f\n    1\n  end\nend\ndef g\nend', 'A(f) g'],
    ['php', '<?php\nfunction f() {}\nclass A { public $x; function g() {} }', '<other> f A($x g)'],
    ['shellscript', 'f() { echo; }\nfunction g { echo; }', 'f g'],
  ])('%s', async (languageId, text, expected) => {
    expect(names(await outline(languageId, text))).toBe(expected);
  });

  test('a declaration has its comment and what it is exported with', async () => {
    const text = '// far\n\n// one\n// two\nexport function f() {}\n';
    const [item] = await outline('typescript', text);
    expect(text.slice(item?.docStart, item?.end)).toBe('// one\n// two\nexport function f() {}');
    expect(text.slice(item?.start, item?.end)).toBe('export function f() {}');
    expect(text.slice(item?.inner.start, item?.inner.end)).toBe('function f() {}');
  });

  test('named items alone, and a bounded number', async () => {
    const items = await outline(
      'python',
      'import a\nx = 1\nf()\nclass A:\n    y = 2\n    g()\n    def h(self): pass\n',
    );
    expect(names(namedItems(items, 10))).toBe('x A(y h)');
    expect(names(namedItems(items, 3))).toBe('x A(y)');
  });
});
