import { expect, test } from 'vitest';
import { lossFigure, smooth } from './plots.ts';

test('draws the curve and tells it in words', () => {
  const points = [
    { step: 0, validLoss: 2 },
    { step: 1, loss: 2.5 },
    { step: 2, loss: 1.5 },
    { step: 2, validLoss: 1.25 },
  ];
  const figure = lossFigure(points)?.text ?? '';
  expect(figure).toContain('from 2.5 to 1.5 in training, from 2 to 1.25 on the validation set');
  expect(figure.match(/<circle/gu)).toHaveLength(2);
  expect(lossFigure([])).toBeUndefined();
});

test('speaks of quarters of a run, since single steps scatter', () => {
  const losses = [9, 1, 3, 3, 3, 3, 1, 0];
  const figure = lossFigure(losses.map((loss, index) => ({ step: index + 1, loss })))?.text ?? '';
  expect(figure).toContain('from 5 to 0.5 in training (means of the first and the last quarter of the steps)');
});

test('a constant curve has a place to be drawn at', () => {
  expect(lossFigure([{ step: 0, loss: 1 }])?.text).not.toContain('NaN');
  expect(lossFigure([{ step: 0, loss: 0 }])?.text).not.toContain('NaN');
});

test('smooths by the mean of a twentieth of the run', () => {
  const points = Array.from({ length: 80 }, (_, index) => [index, index % 2] as const);
  const smoothed = smooth(points);
  expect(smoothed).toHaveLength(80);
  expect(smoothed[40]?.[1]).toBeCloseTo(0.4, 10);
  expect(smooth([[1, 3]])).toEqual([[1, 3]]);
});
