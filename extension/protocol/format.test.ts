import { expect, it } from 'vitest';
import { formatBytes, formatDuration } from './format.ts';

it('formats bytes', () => {
  expect([0, 999, 1000, 98_362_432, 491_400_064, 1_117_320_768].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '98.4 MB',
    '491 MB',
    '1.1 GB',
  ]);
});

it('formats durations', () => {
  expect([-1, 8.4, 61, 3900].map(formatDuration)).toEqual(['0 s', '8 s', '1 min', '1 h 5 min']);
});
