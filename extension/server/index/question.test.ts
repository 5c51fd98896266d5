import { expect, test } from 'vitest';
import { readQuestion } from './question.ts';
import { stem } from './stem.ts';
import { compoundOf, hashOf } from './terms.ts';

/** The weight of a term; 0 when the question does not have it. */
function weight(question: string, term: string): number {
  return readQuestion(question).terms.find(({ hash }) => hash === hashOf(term))?.weight ?? 0;
}

test('identifiers count more than words, and words that say nothing do not count', () => {
  const question = 'Where does the JSONProvider handle a `session` and _private names?';
  expect(weight(question, compoundOf(['json', 'provider']))).toBe(2);
  expect(weight(question, stem('session'))).toBe(2);
  expect(weight(question, stem('handle'))).toBe(1);
  expect(weight(question, 'the')).toBe(0);
  expect(weight(question, 'where')).toBe(0);
});

test('words side by side may be an identifier', () => {
  const question = 'What does the json provider of the app do?';
  expect(weight(question, compoundOf(['json', 'provider']))).toBe(0.5);
  expect(weight(question, compoundOf(['provider', 'of', 'the']))).toBe(0);
  expect(weight(question, compoundOf(['the', 'json']))).toBe(0);
});

test('kinds of files that are named', () => {
  expect([...readQuestion('Which tests are there?').about]).toEqual(['source', 'test']);
  expect([...readQuestion('Where is it documented?').about]).toEqual(['source', 'document']);
  expect([...readQuestion('What is the latest contest?').about]).toEqual(['source']);
});

test('any text is a question', () => {
  for (const text of ['', '   ', '`', '?'.repeat(100_000), 'aB'.repeat(100_000), 'a b '.repeat(100_000), '検索']) {
    const { terms } = readQuestion(text);
    expect(terms.length).toBeLessThanOrEqual(200);
    expect(terms.map(({ hash }) => hash)).toEqual(terms.map(({ hash }) => hash).toSorted((a, b) => a - b));
  }
});
