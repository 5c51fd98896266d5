import { describe, expect, test } from 'vitest';
import { answerPrinter } from './answer-printer.ts';

const answer = ['<think>', '\nHm', 'm.</think>\n\nSo', ' it is.'];
const dim = (text: string): string => `\u001b[2m${text}\u001b[22m`;

function print(parts: readonly string[], styled: boolean): string {
  let printed = '';
  const printer = answerPrinter({ out: (text) => (printed += text), note: () => {}, interactive: false, styled }, true);
  parts.forEach((text, seq) => printer.part({ kind: 'text', seq, text, tokens: seq + 1 }));
  return printed;
}

describe('answerPrinter', () => {
  test('dims what the model thinks, and nothing of its answer', () => {
    expect(print(answer, true)).toBe(`${dim('<think>')}${dim('\nHm')}${dim('m.</think>\n\n')}So it is.`);
    expect(print(['So', ' it', ' is.'], true)).toBe('So it is.');
  });

  test('leaves the text as it is for a file or a pipe', () => {
    expect(print(answer, false)).toBe(answer.join(''));
  });
});
