import { expect, test } from 'vitest';
import { editCases } from './edit-cases.mjs';

test('the code that is to be edited is still there', () => {
  const cases = editCases();
  expect(cases).toHaveLength(10);
  cases.forEach(({ selection }) => expect(selection.split('\n').length).toBeGreaterThan(60));
});
