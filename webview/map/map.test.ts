import { expect, test } from 'vitest';
import type { DataMap, DataPoint } from '../../extension/protocol/data-map.ts';
import { isInside, nearest } from './geometry.ts';
import { colourCount, groupPoints } from './groups.ts';

const point = (more: Partial<DataPoint>): DataPoint => ({
  id: 'a:1',
  x: 0,
  y: 0,
  source: 0,
  fate: 0,
  family: 1,
  question: 'q',
  answer: 'a',
  ...more,
});

test('knows what a lasso holds, also when it crosses itself or turns in', () => {
  const notched = [
    { x: 0, y: 0 },
    { x: 4, y: 0 },
    { x: 4, y: 4 },
    { x: 2, y: 1 },
    { x: 0, y: 4 },
  ];
  expect(isInside({ x: 1, y: 1 }, notched)).toBe(true);
  expect(isInside({ x: 2, y: 3 }, notched)).toBe(false);
  expect(isInside({ x: 5, y: 1 }, notched)).toBe(false);
  expect(isInside({ x: 0, y: 0 }, [])).toBe(false);
});

test('finds the nearest point within reach', () => {
  const places = [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ];
  expect(nearest(places, { x: 0.9, y: 0.9 }, 0.5)).toBe(1);
  expect(nearest(places, { x: 0.5, y: 0.5 }, 0.1)).toBe(-1);
});

test('groups by source, the largest first, and what is beyond the colours together', () => {
  const sources = Array.from({ length: 12 }, (_, index) => `s${index}`);
  const points = sources.flatMap((_, source) => Array.from({ length: source + 1 }, () => point({ source })));
  const map: DataMap = { records: points.length, sources, fates: ['train'], points };
  const { groups, of } = groupPoints(map, 'source');
  expect(groups).toHaveLength(colourCount);
  expect(groups[0]).toEqual({ label: 's11', colour: 0, count: 12 });
  expect(groups.at(-1)).toEqual({ label: 'all others', colour: colourCount - 1, count: 15 });
  expect(of[0]).toBe(colourCount - 1);
  expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(points.length);
});

test('groups by loss in fifths, and by duplicates', () => {
  const points = [...Array.from({ length: 10 }, (_, index) => point({ loss: index, family: index + 1 })), point({})];
  const map: DataMap = { records: 11, sources: ['s'], fates: ['train', 'refusals'], points };
  const losses = groupPoints(map, 'loss').groups;
  expect(losses.map(({ count }) => count)).toEqual([2, 2, 2, 2, 2, 1]);
  expect(losses.at(-1)?.label).toBe('not judged');
  expect(groupPoints(map, 'family').groups.map(({ count }) => count)).toEqual([2, 2, 6, 1]);
  expect(groupPoints(map, 'fate').groups.map(({ label }) => label)).toEqual(['for training']);
});
