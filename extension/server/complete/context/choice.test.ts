import { expect, test } from 'vitest';
import { ContextChoice } from './choice.ts';
import type { Found } from './choice.ts';
import type { Excerpt } from './excerpt.ts';

const cost = ({ path, text }: Excerpt): number => path.length + text.length + 3;
const excerpt = (path: string, text = 'x'.repeat(10), startLine = 1): Excerpt => ({
  path,
  text,
  ranges: [{ startLine, endLine: startLine + text.split('\n').length - 1 }],
});
const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((path) => excerpt(path)) as [
  Excerpt,
  Excerpt,
  Excerpt,
  Excerpt,
  Excerpt,
];
/** A path of one letter and ten characters. */
const each = 14;
const found = (definitions: Excerpt[], more: Partial<Found> = {}): Found => ({
  imports: 'i',
  definitions,
  alike: [],
  likenessOf: () => 0,
  ...more,
});
const paths = (excerpts: readonly Excerpt[]): string => excerpts.map(({ path }) => path).join('');
const alike = (excerpts: Excerpt[], score: number) => excerpts.map((one) => ({ excerpt: one, score }));

test('definitions before places, the most helpful last, within the budget', () => {
  const all = found([a, b], { alike: alike([c, d], 0.5) });
  expect(paths(new ContextChoice().choose('f', all, 4 * each, cost))).toBe('badc');
  expect(paths(new ContextChoice().choose('f', all, 3 * each, cost))).toBe('bac');
  expect(paths(new ContextChoice().choose('f', all, each, cost))).toBe('a');
  expect(paths(new ContextChoice().choose('f', all, 0, cost))).toBe('');
});

test('one that is too large leaves room for the next ones', () => {
  const large = excerpt('l', 'x'.repeat(100));
  expect(paths(new ContextChoice().choose('f', found([large, a]), 2 * each, cost))).toBe('a');
});

test('the same from key to key while what is needed most is there', () => {
  const choice = new ContextChoice();
  const first = choice.choose('f', found([a, b, c]), 9 * each, cost);
  expect(choice.choose('f', found([c, b, d, e]), 9 * each, cost)).not.toBe(first);
  const second = choice.choose('f', found([b, c, d]), 9 * each, cost);
  expect(choice.choose('f', found([d, c, a]), 9 * each, cost)).toBe(second);
  expect(choice.choose('f', found([]), 9 * each, cost)).toBe(second);
});

test('what is missing is added at the end, and what does not fit changes all', () => {
  const choice = new ContextChoice();
  expect(paths(choice.choose('f', found([a, b]), 3 * each, cost))).toBe('ba');
  expect(paths(choice.choose('f', found([c, a]), 3 * each, cost))).toBe('bac');
  expect(paths(choice.choose('f', found([d, a]), 3 * each, cost))).toBe('ad');
});

test('another document, other imports, another budget and other text of a definition are chosen for anew', () => {
  const choice = new ContextChoice();
  choice.choose('f', found([a, b]), 9 * each, cost);
  expect(paths(choice.choose('g', found([a]), 9 * each, cost))).toBe('a');
  expect(paths(choice.choose('f', found([a]), 9 * each, cost))).toBe('ba');
  expect(paths(choice.choose('f', found([a], { imports: 'j' }), 9 * each, cost))).toBe('a');
  expect(paths(choice.choose('f', found([b]), 8 * each, cost))).toBe('b');
  const changed = excerpt('b', 'y'.repeat(10));
  expect(choice.choose('f', found([changed]), 8 * each, cost)).toEqual([changed]);
});

test('a place that a definition holds is none', () => {
  const choice = new ContextChoice();
  const all = found([a, b], { alike: alike([excerpt('a', 'other text'), c], 0.9), likenessOf: () => 0.9 });
  const first = choice.choose('f', all, 9 * each, cost);
  expect(paths(first)).toBe('bac');
  expect(choice.choose('f', { ...all, definitions: [b, a] }, 9 * each, cost)).toBe(first);
});

test('places change only for those that are much more alike', () => {
  const choice = new ContextChoice();
  const scores: Record<string, number> = { c: 0.4, d: 0.5 };
  const likenessOf = (text: string): number => scores[text[0] ?? ''] ?? 0;
  const [one, other] = [excerpt('c', 'c'.repeat(10)), excerpt('d', 'd'.repeat(10))];
  const places = (): Found => found([], { alike: alike([other, one], 0.5), likenessOf });
  choice.choose('f', found([], { alike: alike([one], 0.4), likenessOf }), each, cost);
  expect(paths(choice.choose('f', places(), each, cost))).toBe('c');
  scores['d'] = 0.9;
  expect(paths(choice.choose('f', places(), each, cost))).toBe('d');
});
