import { expect, test } from 'vitest';
import { alikeIn, likenessTo } from './alike.ts';

const window = { prefix: 'const cart = new Cart();\ncart.addArticle(article', suffix: ');\n' };
const likenessOf = likenessTo(window.prefix, window.suffix);
const place = (path: string, text: string, startLine = 1) => ({ path, startLine, text });

test('the most alike first, by the words in names', () => {
  const places = [
    place('a.ts', 'function cart_of(article: Article) {}'),
    place('b.ts', 'cart.addArticle(article, 2);'),
    place('c.ts', 'window.close();'),
  ];
  expect(alikeIn(places, window, likenessOf).map(({ excerpt }) => excerpt.path)).toEqual(['b.ts', 'a.ts']);
});

test('what the window shows is left out, and what another one says', () => {
  const places = [
    place('a.ts', 'const cart = new Cart();\ncart.addArticle(article'),
    place('b.ts', '  removeArticle(cart, article);\n}'),
    place('c.ts', 'removeArticle(cart, article);'),
  ];
  expect(alikeIn(places, window, likenessOf).map(({ excerpt }) => excerpt.path)).toEqual(['c.ts']);
});

test('a long place is cut, and each piece knows its lines', () => {
  const text = Array.from({ length: 60 }, (_, index) => (index === 45 ? 'cart.addArticle(other)' : `x${index}y()`));
  const found = alikeIn([place('a.ts', `${text.join('\n')}\n`, 101)], window, likenessOf);
  expect(found.map(({ excerpt }) => excerpt.ranges)).toEqual([[{ startLine: 141, endLine: 160 }]]);
});
