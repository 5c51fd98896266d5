import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { languageOf } from '../../syntax/grammars.ts';
import type { Syntax } from '../../syntax/syntax.ts';
import { syntaxInProcess } from '../../testing/syntax-in-process.ts';
import { ImportedDefinitions } from './imported.ts';
import { WorkspaceFiles } from './workspace-files.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paddock-imported-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** `path:first-last` of what is found at the mark `|`, the most helpful first. */
async function found(
  files: Readonly<Record<string, string>>,
  path: string,
  code: string,
  syntax: Syntax = syntaxInProcess(),
): Promise<{ places: string[]; text: string }> {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const [prefix = '', suffix = ''] = code.split('|');
  const around = { path, languageId: languageOf(path), prefix, suffix };
  const excerpts = await new ImportedDefinitions(new WorkspaceFiles(folder), syntax).find(around, 5000);
  return {
    places: excerpts.flatMap(({ path: name, ranges }) =>
      ranges.map(({ startLine, endLine }) => `${name}:${startLine}-${endLine}`),
    ),
    text: excerpts.map(({ text }) => text).join('\n'),
  };
}

const cart = `import './x';

/** Sums up. */
export function total(prices: number[]): number {
  return 0;
}

export function unused() {}
export const rate = 0.19;
`;

test('what is imported and used near the cursor, with its comment, the nearest first', async () => {
  const files = { 'src/cart.ts': cart };
  const code = "import { total, unused, rate } from './cart.ts';\n\nconst a = rate;\nconst b = total(|);\n";
  const { places, text } = await found(files, 'src/main.ts', code);
  expect(places.slice(0, 2)).toEqual(['src/cart.ts:3-6', 'src/cart.ts:9-9']);
  expect(text).toContain('/** Sums up. */\nexport function total');
});

test('other names of an imported file count as well, and the rest of it not at all', async () => {
  const { places } = await found(
    { 'src/cart.ts': cart },
    'src/main.ts',
    `import * as cart from './cart';\n${'\n'.repeat(40)}cart.rate|`,
  );
  expect(places).toEqual(['src/cart.ts:9-9']);
});

test('a file that passes on what others declare is followed, and cycles end', async () => {
  const files = {
    'src/shop/index.ts': "export * from './a';\nexport * from './index';\n",
    'src/shop/a.ts': "export { total } from './b';\nexport * from './index';\n",
    'src/shop/b.ts': cart,
  };
  expect((await found(files, 'src/main.ts', "import { total } from '@/shop';\ntotal(|")).places).toEqual([
    'src/shop/b.ts:3-6',
  ]);
});

test('of a long class the signatures, and near members whole', async () => {
  const method = (name: string): string =>
    `  /** Does ${name}. */\n  ${name}(x: number): number {\n    return x;\n  }\n`;
  const text = `export class Cart {\n${['a1', 'b2', 'near', 'd4', 'e5', 'f6', 'g7'].map(method).join('\n')}}\n`;
  const { places } = await found(
    { 'c.ts': text },
    'm.ts',
    "import { Cart } from './c';\nconst c: Cart;\nc.near(); Cart|",
  );
  expect(places.slice(0, 4)).toEqual(['c.ts:1-1', 'c.ts:3-3', 'c.ts:8-8', 'c.ts:12-15']);
});

test('a class comes in place of its members', async () => {
  const text = `export class Cart {\n  total() {\n    return 1;\n  }\n  count() {\n    return 2;\n  }\n}\n`;
  const code = "import * as shop from './c';\n\nnew shop.Cart().total() + cart.count(|";
  expect((await found({ 'c.ts': text }, 'm.ts', code)).places).toEqual(['c.ts:1-8']);
});

test('Java: the type of a near name, from its own package', async () => {
  const files = { 'src/a/b/Sound.java': 'package a.b;\nclass Sound {\n  int getMusic() { return 1; }\n}\n' };
  const code = 'package a.b;\nclass X {\n  private Sound mSound;\n  int f() { return mSound.|; }\n}\n';
  expect((await found(files, 'src/a/b/X.java', code)).places).toEqual(['src/a/b/Sound.java:2-4']);
  const other = 'package a.c;\nimport a.b.Sound;\nclass X { int f(Sound s) { return s.| } }\n';
  expect((await found(files, 'src/a/c/X.java', other)).places).toEqual(['src/a/b/Sound.java:2-4']);
});

test.each([
  [
    'python',
    { 'pkg/__init__.py': '', 'pkg/tax.py': 'def rate(country):\n    """In percent."""\n    return 19\n' },
    'pkg/main.py',
    'from .tax import rate\n\nprint(rate(|',
    'pkg/tax.py:1-3',
  ],
  [
    'python, a module by its name',
    { 'pkg/tax.py': 'class Rate:\n    def of(self, country):\n        return 19\n' },
    'app/main.py',
    'from pkg import tax\n\nx = tax.Rate(|',
    'pkg/tax.py:1-3',
  ],
  [
    'csharp',
    { 'Shop.Core/Carts/Cart.cs': 'namespace Shop.Core.Carts\n{\n    public class Cart { public int Total; }\n}\n' },
    'Shop.App/Main.cs',
    'using Shop.Core.Carts;\nclass Main { void F(Cart cart) { cart.| } }',
    'Shop.Core/Carts/Cart.cs:3-3',
  ],
  [
    'cpp',
    { 'include/shop/cart.h': '#pragma once\n// Sums up.\nint total_of(int a);\nstruct Cart { int a; };\n' },
    'src/main.cc',
    '#include "shop/cart.h"\nint main() { return total_of(| }',
    'include/shop/cart.h:2-3',
  ],
  [
    'go',
    {
      'go.mod': 'module example.com/shop\n',
      'cart/cart.go': 'package cart\n\n// Total sums up.\nfunc Total(x int) int {\n\treturn x\n}\n',
    },
    'main.go',
    'package main\nimport "example.com/shop/cart"\nfunc main() { cart.Total(| }',
    'cart/cart.go:3-6',
  ],
  [
    'rust',
    { 'src/shop/mod.rs': '', 'src/shop/cart.rs': 'pub struct Cart { x: i32 }\n' },
    'src/main.rs',
    'use crate::shop::cart::Cart;\nfn main() { let c = Cart | }',
    'src/shop/cart.rs:1-1',
  ],
])('%s', async (_, files, path, code, expected) => {
  expect((await found(files, path, code)).places).toContain(expected);
});

test('without a parser lines tell what is declared', async () => {
  const none = { outline: () => Promise.resolve(undefined) } as unknown as Syntax;
  const code = "import { total } from './cart';\ntotal(|";
  expect((await found({ 'src/cart.ts': cart }, 'src/main.ts', code, none)).places).toEqual(['src/cart.ts:3-6']);
});

test('a workspace of many files costs few', async () => {
  const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
  const files = Object.fromEntries(names.map((name) => [`${name}.ts`, `export const ${name} = 1;\n`]));
  const imports = names.map((name) => `import { ${name} } from './${name}';`).join('\n');
  const read = new Set<string>();
  const counting = {
    outline: (_: string, text: string) => {
      read.add(text);
      return Promise.resolve(undefined);
    },
  } as unknown as Syntax;
  const { places } = await found(files, 'main.ts', `${imports}\n${names.join(' ')}|`, counting);
  expect(read.size).toBeLessThanOrEqual(24);
  expect(places[0]).toMatch(/^n\d+\.ts:1-1$/u);
});

test('a search that takes long holds up no key, and there is one at a time', async () => {
  writeFileSync(join(folder, 'a.ts'), 'export const a = 1;\n');
  let asked = 0;
  let settle: (outline: undefined) => void = () => {};
  const slow = {
    outline: () => {
      asked += 1;
      return new Promise((resolve) => (settle = resolve));
    },
  } as unknown as Syntax;
  const search = new ImportedDefinitions(new WorkspaceFiles(folder), slow);
  const around = { path: 'm.ts', languageId: 'typescript', prefix: "import { a } from './a';\na", suffix: '' };
  expect(await search.find(around, 20)).toEqual([]);
  expect(await search.find(around, 20)).toEqual([]);
  expect(await search.find({ ...around, path: 'other.ts' }, 20)).toEqual([]);
  expect(asked).toBe(1);
  settle(undefined);
  expect((await search.find(around, 1000)).map(({ path }) => path)).toEqual(['a.ts']);
});
