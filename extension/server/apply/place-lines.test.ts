import { expect, test } from 'vitest';
import { sharedLines } from '../../base/shared-lines.ts';
import { placeByLines } from './place-lines.ts';

const text = '# Title\n\n- one\n- two\n- three\n\nThe end.\n';

test.each([
  ['a changed line between known ones', '- one\n- zwei\n- three', '- one\n- two\n- three'],
  ['a changed first line', '- eins\n- two\n- three', '- one\n- two\n- three'],
  ['a changed last line', '- one\n- two\n- drei', '- one\n- two\n- three'],
  ['the whole text', '# Title\n\n- one\n- three\n\nThe end.', text.trimEnd()],
])('%s', (_name, code, expected) => {
  const span = placeByLines(text, code);
  expect(text.slice(span?.start, span?.end)).toBe(expected);
});

test('CRLF stays outside', () => {
  const crlf = text.replaceAll('\n', '\r\n');
  const span = placeByLines(crlf, '- one\n- zwei\n- three');
  expect(crlf.slice(span?.start, span?.end)).toBe('- one\r\n- two\r\n- three');
});

test('code of another file has no place', () => {
  expect(placeByLines(text, 'x = 1\ny = 2')).toBeUndefined();
  expect(placeByLines(text, '- one')).toBeUndefined();
  expect(placeByLines(text, '- three\n- one')).toBeUndefined();
});

test('sharedLines', () => {
  expect(sharedLines(text, '- one\n- zwei\n}')).toBe(0.5);
  expect(sharedLines(text, '}')).toBe(0);
});
