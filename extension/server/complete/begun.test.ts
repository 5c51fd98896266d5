import { expect, test } from 'vitest';
import { Anchor, begunOf } from './begun.ts';

const lines = (count: number, mark: string): string =>
  Array.from({ length: count }, (_, index) => `${mark}${index}\n`).join('');

/** Tokens of up to four bytes, so that some end amid a character. */
const model = {
  tokenize: (text: string | Uint8Array): Int32Array => {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    return Int32Array.from({ length: Math.ceil(bytes.length / 4) }, (_, index) => {
      const part = bytes.subarray(index * 4, index * 4 + 4);
      return part.reduce((sum, byte, place) => sum + byte * 256 ** place, 0) | 0;
    });
  },
  detokenize: (ids: Int32Array): Uint8Array =>
    Uint8Array.from(
      [...ids].flatMap((id) => [0, 8, 16, 24].map((shift) => (id >>> shift) & 255).filter((byte) => byte > 0)),
    ),
};

test('the answer begins some lines above the cursor, and there while more is typed', () => {
  const anchor = new Anchor();
  const start = lines(20, 'a');
  const at = (prefix: string, suffix = '\n}', document = 'a.ts'): string =>
    prefix.slice(0, anchor.at(document, { prefix, suffix }));
  expect(at(`${start}  x`)).toBe(lines(12, 'a'));
  expect(at(`${start}  xy`)).toBe(lines(12, 'a'));
  expect(at(`${start}  xy\n  z`)).toBe(lines(12, 'a'));
  expect(at(`${start}  xy\n  z`, '\n};')).toBe(lines(13, 'a'));
  expect(at(`${start}  x`, '\n};')).toBe(lines(13, 'a'));
  expect(at(`b${start}  x`, '\n};')).toBe(`b${lines(12, 'a')}`);
  expect(at('x', '\n};', 'b.ts')).toBe('');
  expect(at('', '', 'b.ts')).toBe('');
});

test('it begins anew when too much was typed', () => {
  const anchor = new Anchor();
  anchor.at('a.ts', { prefix: lines(9, 'a'), suffix: '' });
  const prefix = lines(9, 'a') + lines(30, 'b'.repeat(60));
  expect(prefix.slice(anchor.at('a.ts', { prefix, suffix: '' })).split('\n')).toHaveLength(9);
});

test('the last token may become a longer one', () => {
  const { before, tokens, opening } = begunOf('let a;\nreturn val', 7, model);
  expect([before, opening]).toEqual(['let a;\n', 'al']);
  expect(new TextDecoder().decode(model.detokenize(tokens))).toBe('return v');
  expect(begunOf('a\n', 2, model)).toEqual({ before: 'a\n', tokens: new Int32Array(0), lasting: 0, opening: '' });
  expect(begunOf('ret', 0, model).opening).toBe('ret');
});

test('whole lines stay as they are while the next one is typed', () => {
  expect(begunOf('abc\nde\nfghijk', 0, model).lasting).toBe(1);
  expect(begunOf('abc\ndef\nhi', 0, model).lasting).toBe(2);
  expect(begunOf('abcdefgh', 0, model).lasting).toBe(0);
});

test('a character is never told apart', () => {
  // The second token ends amid the last character.
  expect(begunOf('abcdefgä', 0, model).opening).toBe('efgä');
});
