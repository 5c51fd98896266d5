import { describe, expect, it } from 'vitest';
import { placeCode } from './insert-code.ts';

/** The line after an insertion at `|`, or in place of what stands between two of them. */
function inserted(marked: string, code: string, eol: '\n' | '\r\n' = '\n'): string {
  const startColumn = marked.indexOf('|');
  const end = marked.lastIndexOf('|');
  const isEmpty = startColumn === end;
  const firstLine = marked.replaceAll('|', '');
  const { columns, text } = placeCode(code, { firstLine, startColumn, isEmpty, eol });
  const [from, to] = columns ?? [startColumn, end - 1];
  return firstLine.slice(0, from) + text + firstLine.slice(to);
}

describe('placeCode', () => {
  const code = 'def f(x):\n    return x\n';

  it('takes the place of a blank line', () => {
    expect(inserted('|', code)).toBe('def f(x):\n    return x');
    expect(inserted('    |', code)).toBe('    def f(x):\n        return x');
    expect(inserted('  |  ', 'a')).toBe('    a');
  });

  it('goes below a line that has code before the cursor, and never into it', () => {
    expect(inserted('    result = w * h|', code)).toBe('    result = w * h\n    def f(x):\n        return x');
    expect(inserted('    result = w | * h', 'g()')).toBe('    result = w  * h\n    g()');
  });

  it('goes above a line whose code begins at the cursor', () => {
    expect(inserted('  |f();', 'g();')).toBe('  g();\n  f();');
    expect(inserted('|  f();', 'g();')).toBe('  g();\n  f();');
  });

  it('replaces a selection', () => {
    expect(inserted('  |f();|', 'g();\nh();')).toBe('  g();\n  h();');
    expect(inserted('|  f();|', 'g();')).toBe('  g();');
    expect(inserted('  x = |f()|;', 'g()')).toBe('  x = g();');
  });

  it('keeps tabs, blank lines and the line ends of the document', () => {
    expect(inserted('\tx;|', '  a\r\n\r\n    b\r\n', '\r\n')).toBe('\tx;\r\n\ta\r\n\r\n\t  b');
  });
});
