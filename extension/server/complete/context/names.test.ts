import { expect, test } from 'vitest';
import { likeness, namesNear, typesOf, wordsOf } from './names.ts';

test('the nearest names first, and none from far away', () => {
  const far = `farAway();\n${'\n'.repeat(30)}`;
  expect(namesNear(`${far}first(second);\nthird.fourth(`, 'fifth);\nsixth();')).toEqual([
    'fourth',
    'third',
    'second',
    'first',
    'fifth',
    'sixth',
  ]);
  expect(namesNear('', `a\n\n\n\n\nb`)).toEqual(['a']);
});

test.each([
  ['private List<Cart> carts;', ['List', 'Cart']],
  ['const Cart& carts = x;', ['Cart']],
  ['carts?: Cart;', ['Cart']],
  ['carts: readonly Cart[],', ['Cart']],
  ['carts: Optional[Cart] = None', ['Optional', 'Cart']],
  ['const carts = new Cart();', ['Cart']],
  ['carts = shop.Cart(1)', ['Cart']],
  ['carts := &Cart{}', ['Cart']],
  ['let carts = Cart::new();', ['Cart']],
  ['other = new Cart();', []],
])('the type in %j', (line, expected) => {
  expect(typesOf(['carts'], `a();\n${line}\n`)).toEqual(expected);
});

test('names are made of words, and texts with the same words are alike', () => {
  expect([...wordsOf('readHTMLFile2(read_file, a)')]).toEqual(['read', 'html', 'file']);
  expect(likeness(wordsOf('readFile'), wordsOf('read_file'))).toBe(1);
  expect(likeness(wordsOf('readFile'), wordsOf('readFolder'))).toBeCloseTo(1 / 3);
  expect(likeness(wordsOf(''), wordsOf(''))).toBe(0);
});

test('hostile texts take no time', () => {
  const start = performance.now();
  const parts = ['A<', 'A ', 'a:', 'a = ', 'A[]? ', 'new ', '='.repeat(99)];
  for (const part of parts) {
    const lines = `${part.repeat(Math.floor(390 / part.length))}\n`.repeat(500);
    typesOf(namesNear(lines, lines), lines + part.repeat(500_000));
  }
  expect(performance.now() - start).toBeLessThan(5000);
});
