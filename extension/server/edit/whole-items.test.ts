import { expect, test } from 'vitest';
import { syntaxInProcess } from '../testing/syntax-in-process.ts';
import { wholeItems } from './whole-items.ts';

const syntax = syntaxInProcess();
const whole = 'from a import f\n\ndef test_one():\n    assert f(1)';

test('keeps what is whole of code that was cut off', async () => {
  expect(await wholeItems(syntax, 'python', `${whole}\n\ndef test_two():\n    assert f("a`)).toBe(whole);
  const long = `${whole}\n    assert f(2)`;
  expect(await wholeItems(syntax, 'python', `${long}\n    assert f(`)).toBe(long);
  expect(await wholeItems(syntax, 'python', 'from a import f\nimport re\n\ndef test')).toBe('');
  expect(await wholeItems(syntax, 'python', `${whole}\n\ndef test`)).toBe(whole);
});

test('keeps nothing where nothing is whole, or no grammar knows the language', async () => {
  expect(await wholeItems(syntax, 'javascript', "describe('f', () => {\n  it('works', () => {\n    f(")).toBe('');
  expect(await wholeItems(syntax, 'plaintext', whole)).toBe('');
});
