import { expect, test } from 'vitest';
import { checkAnswer } from './citations.ts';

const excerpts = [
  {
    path: 'src/cart.ts',
    startLine: 10,
    lines: ['/** The price of all items. */', 'export function total(cart: Cart) {', '  return sum(cart.items);', '}'],
  },
  { path: 'src/store.ts', startLine: 1, lines: ['const key = "cart";', 'export function saveCart(cart: Cart) {}'] },
];

test('numbers become the lines that hold what is said', () => {
  const { text, citations, removed } = checkAnswer(
    'The price is computed by `total` [1]. `saveCart` keeps it [2].',
    excerpts,
  );
  expect(text).toBe('The price is computed by `total` (src/cart.ts:11). `saveCart` keeps it (src/store.ts:2).');
  expect(citations).toEqual([
    { path: 'src/cart.ts', startLine: 11, endLine: 11 },
    { path: 'src/store.ts', startLine: 2, endLine: 2 },
  ]);
  expect(removed).toBe(0);
});

test('a wrong number is removed, and the right place found by the name', () => {
  const { text, removed } = checkAnswer('It is stored by `saveCart` [1].', excerpts);
  expect(text).toBe('It is stored by `saveCart` (src/store.ts:2).');
  expect(removed).toBe(1);
});

test('what is nowhere is cited for nothing', () => {
  const { text, citations, removed } = checkAnswer('`checkout` pays [1], and so does `refund` [7].', excerpts);
  expect(text).toBe('`checkout` pays, and so does `refund`.');
  expect([citations.length, removed]).toEqual([0, 2]);
});

test('what the code shows is cited without a number as well, prose is not', () => {
  expect(checkAnswer('Call saveCart.\nThat is all.', excerpts).text).toBe(
    'Call saveCart (src/store.ts:2).\nThat is all.',
  );
});

test('prose needs two words that the place holds', () => {
  expect(checkAnswer('The price of items is added up [1].', excerpts).text).toBe(
    'The price of items is added up (src/cart.ts:10-12).',
  );
  expect(checkAnswer('The weather is fine [1].', excerpts)).toMatchObject({ text: 'The weather is fine.', removed: 1 });
});

test('code and links stay as they are', () => {
  const answer = 'See [1](x).\n```ts\nlist[1] = saveCart;\n```\n';
  expect(checkAnswer(answer, excerpts).text).toBe(answer);
});
