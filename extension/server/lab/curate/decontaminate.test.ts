import { expect, test } from 'vitest';
import { EvaluationTexts } from './decontaminate.ts';
import { record } from './testing/record.ts';

const long = 'Explain in simple words how a steam engine turns heat into the motion of a wheel';
const reply = 'The steam pushes a piston which is joined to the wheel by a rod and a crank';

function texts(): EvaluationTexts {
  const evaluation = new EvaluationTexts();
  evaluation.add(record(long, reply));
  evaluation.add(record('Name three kinds of bread', 'Rye'));
  return evaluation;
}

test('twelve words in a row are a leak, wherever they stand', () => {
  expect(texts().leaksInto(record(`Please: ${long.toUpperCase()}!`, 'x'))).toBe(true);
  expect(texts().leaksInto(record('Something else', `It is so. ${reply}, as I said.`))).toBe(true);
  expect(texts().leaksInto(record(long.split(' ').slice(0, 11).join(' '), 'x'))).toBe(false);
});

test('a shorter question is a leak as a whole message only', () => {
  expect(texts().leaksInto(record('name three kinds of bread.', 'x'))).toBe(true);
  expect(texts().leaksInto(record('Name three kinds of bread and two of cheese', 'x'))).toBe(false);
});

test('a short answer is none', () => {
  expect(texts().leaksInto(record('What is it?', 'Rye'))).toBe(false);
  expect(new EvaluationTexts().leaksInto(record(long, reply))).toBe(false);
});
