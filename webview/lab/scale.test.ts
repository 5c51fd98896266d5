import { expect, it } from 'vitest';
import { scale, smooth, thin, ticks } from './scale.ts';

it('marks round numbers within the ends', () => {
  expect(ticks(0, 882, 8)).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800]);
  expect(ticks(0, 882, 4)).toEqual([0, 200, 400, 600, 800]);
  expect(ticks(1.31, 2.56, 4)).toEqual([1.5, 2, 2.5]);
  expect(ticks(0.1, 0.3, 2)).toEqual([0.1, 0.2, 0.3]);
  expect(ticks(3, 3, 4)).toEqual([3]);
});

it('draws a span of nothing', () => {
  expect(scale(2, 2, 0, 100).at(2)).toBe(0);
});

it('smooths without moving a straight line', () => {
  expect(smooth([1, 2, 3, 4, 5], 1)).toEqual([1.5, 2, 3, 4, 4.5]);
  expect(smooth([], 3)).toEqual([]);
});

it('draws no more points than there is room for', () => {
  const points = Array.from({ length: 1000 }, (_, index) => [index, 1] as const);
  expect(thin(points, 300)).toHaveLength(250);
  expect(thin(points, 300)[0]).toEqual([1.5, 1]);
  expect(thin(points, 1000)).toBe(points);
});
