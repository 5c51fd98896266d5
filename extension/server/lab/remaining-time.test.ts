import { expect, test } from 'vitest';
import { RemainingTime } from './remaining-time.ts';

test('judges by what was done, and leaves pauses out', () => {
  let now = 0;
  const remaining = new RemainingTime(100, () => now);
  remaining.start();
  expect(remaining.seconds()).toBeUndefined();
  now = 10_000;
  remaining.add(20);
  expect(remaining.seconds()).toBe(40);
  remaining.pause();
  now = 90_000;
  expect(remaining.seconds()).toBe(40);
  remaining.start();
  now = 100_000;
  remaining.add(60);
  expect(remaining.seconds()).toBe(5);
  remaining.add(500);
  expect(remaining.seconds()).toBe(0);
});
