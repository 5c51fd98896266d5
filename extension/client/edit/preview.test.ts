import { describe, expect, it } from 'vitest';
import { previewText } from './preview.ts';

describe('previewText', () => {
  const old = 'a\nb\nc';

  it('replaces only the lines that are complete', () => {
    expect(previewText(old, '', '\n')).toBe(old);
    expect(previewText(old, 'A', '\n')).toBe(old);
    expect(previewText(old, 'A\nB', '\n')).toBe('A\nb\nc');
    expect(previewText(old, 'A\nB\nC\nD\n', '\n')).toBe('A\nB\nC\nD');
  });

  it('shows no fence', () => {
    expect(previewText(old, '```ts', '\n')).toBe(old);
    expect(previewText(old, '```ts\nA\n', '\n')).toBe('A\nb\nc');
    expect(previewText(old, '```ts\nA\nB\nC\n```\n', '\n')).toBe('A\nB\nC');
  });

  it('keeps the line ends of the document', () => {
    expect(previewText('a\r\nb', 'A\nB', '\r\n')).toBe('A\r\nb');
  });
});
