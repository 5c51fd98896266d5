import { expect, test } from 'vitest';
import { ReadingSpeed, fullBudget, withinContext } from './reading-speed.ts';

const timings = (speed: number, read = 200) => ({
  promptTokens: 300,
  cachedTokens: 300 - read,
  prefillMs: 1,
  completionTokens: 1,
  decodeMs: 1,
  prefillTokensPerSecond: speed,
  decodeTokensPerSecond: 1,
});

test('little before the first measurement, and after one what is read in time, within bounds', () => {
  const speed = new ReadingSpeed();
  expect(speed.budget('a')).toEqual({ prefix: 256, suffix: 48, others: 0 });
  speed.observe('a', timings(1000));
  expect(speed.budget('a')).toEqual({ prefix: 256, suffix: 96, others: 384 });
  for (let index = 0; index < 9; index++) speed.observe('a', timings(100_000));
  expect(speed.budget('a')).toEqual(fullBudget);
  expect(speed.budget('b').others).toBe(0);
});

test('small differences and short prompts change nothing', () => {
  const speed = new ReadingSpeed();
  speed.observe('a', timings(1550));
  const { others } = speed.budget('a');
  for (let index = 0; index < 9; index++) speed.observe('a', timings(index % 2 === 0 ? 1450 : 1600));
  for (let index = 0; index < 9; index++) speed.observe('a', timings(20, 10));
  expect(speed.budget('a').others).toBe(others);
  for (let index = 0; index < 9; index++) speed.observe('a', timings(500));
  expect(speed.budget('a').others).toBe(192);
});

test('a prompt fits into the context, and the document goes first', () => {
  expect(withinContext(fullBudget, 8192)).toEqual(fullBudget);
  expect(withinContext(fullBudget, 2048)).toEqual({ prefix: 1024, suffix: 256, others: 512 });
  expect(withinContext(fullBudget, 512)).toEqual({ prefix: 179, suffix: 38, others: 39 });
  expect(withinContext(fullBudget, 64)).toEqual({ prefix: 0, suffix: 0, others: 0 });
});
