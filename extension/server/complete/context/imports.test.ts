import { expect, test } from 'vitest';
import { importsOf, ownModule } from './imports.ts';

/** `module: name, name as other, *` for each import. */
function told(languageId: string, text: string): string[] {
  return importsOf(text, languageId).map(({ module, names, isWhole }) =>
    [
      `${module}:`,
      ...names.map(({ name, as }) => (name === as ? name : `${name}>${as}`)),
      ...(isWhole ? ['*'] : []),
    ].join(' '),
  );
}

test.each([
  [
    'typescript',
    "import a, { b, type C as D } from './x.ts';\nimport type {\n  E,\n} from './y';\nimport * as f from './z';\nexport * from './w';\nimport './effect';\nconst { g: h } = require('./v');\n",
    ['./x.ts: default>a b C>D', './y: E', './z: *', './w: *', './v: g>h'],
  ],
  [
    'python',
    'from .cart import (\n    Cart,\n    total as sum_of,\n)\nfrom shop import *\nimport os.path, shop.tax as tax\n',
    ['.cart: Cart total>sum_of', 'shop: *', 'os.path: *', 'shop.tax: *'],
  ],
  [
    'java',
    'package a.b;\nimport a.c.Cart;\nimport static a.c.Tax.rate;\nimport a.d.*;\n',
    ['a.c: Cart', 'a.c: Tax', 'a.d: *'],
  ],
  [
    'csharp',
    'using System;\nusing static Shop.Tax;\nusing C = Shop.Cart;\n',
    ['System: *', 'Shop.Tax: *', 'Shop.Cart: *'],
  ],
  ['cpp', '#include <vector>\n  # include "shop/cart.h"\n', ['vector: *', 'shop/cart.h: *']],
  ['go', 'import "fmt"\nimport (\n\tc "shop/cart"\n\t"shop/tax"\n)\n', ['fmt: *', 'shop/cart: *', 'shop/tax: *']],
  [
    'rust',
    'use crate::shop::{cart::Cart, tax::{self, rate as r}};\npub use super::x::*;\nmod money;\n',
    ['crate::shop::cart: Cart', 'crate::shop::tax: *', 'crate::shop::tax: rate>r', 'super::x: *', 'self::money: *'],
  ],
  ['plaintext', 'import a from "b"', []],
])('%s', (languageId, text, expected) => {
  expect(told(languageId, text)).toEqual(expected);
});

test('a hostile text takes no time', () => {
  const start = performance.now();
  const texts = [
    'import '.repeat(20_000),
    `from ${'a.'.repeat(50_000)}`,
    'import ('.repeat(20_000),
    `use ${'{'.repeat(60_000)}`,
  ];
  for (const text of texts) {
    for (const languageId of ['typescript', 'python', 'java', 'csharp', 'cpp', 'go', 'rust'])
      importsOf(text, languageId);
  }
  expect(performance.now() - start).toBeLessThan(2000);
});

test('the own package or namespace', () => {
  expect(ownModule('// x\npackage a.b.c;\n')).toBe('a.b.c');
  expect(ownModule('using X;\nnamespace A.B\n{\n')).toBe('A.B');
});
