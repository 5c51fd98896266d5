import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { grammarFor } from './grammars.ts';
import { Parsers } from './parsers.ts';
import { generator } from '../../../test/workbench/random.mjs';

const parsers = new Parsers(dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm')));

/** The text between ‹ and ›, and what the selection grows to. */
async function grown(languageId: string, marked: string): Promise<string | undefined> {
  const start = marked.indexOf('‹');
  const end = marked.indexOf('›') - 1;
  const text = marked.replaceAll(/[‹›]/gu, '');
  const answer = await parsers.answer({ grammar: grammarFor(languageId) ?? '', text, span: { start, end } });
  return answer?.span === undefined ? undefined : text.slice(answer.span.start, answer.span.end);
}

describe('growToNodes', () => {
  it('takes a function whole that was selected but for its last brace', async () => {
    const code = 'const a = 1;\n‹function area(w, h) {\n  const result = w * h;\n  return result;\n›}\nconst b = 2;\n';
    expect(await grown('javascript', code)).toBe('function area(w, h) {\n  const result = w * h;\n  return result;\n}');
  });

  it('keeps whole statements, and completes cut ones', async () => {
    const block = (inside: string): string => `def f(x):\n    a = 1\n${inside}    return a\n`;
    expect(await grown('python', block('    ‹b = 2\n    c = 3›\n'))).toBe('b = 2\n    c = 3');
    expect(await grown('python', block('    b‹ = 2\n    c› = 3\n'))).toBe('b = 2\n    c = 3');
    expect(await grown('python', block('    ‹if x:\n        b = 2›\n        c = 3\n'))).toBe(
      'if x:\n        b = 2\n        c = 3',
    );
  });

  it('keeps an expression and elements of a list', async () => {
    expect(await grown('typescript', 'const a = f(‹b + c›, d);\n')).toBe('b + c');
    expect(await grown('typescript', 'const a = f(‹b, c›, d);\n')).toBe('b, c');
    expect(await grown('go', 'package p\nfunc f() {\n\tg(‹"a b›c")\n}\n')).toBe('"a bc"');
  });

  it('takes the whole statement when a branch is cut', async () => {
    const code = 'int f(int x) {\n  if (x) {\n    a();\n  ‹} else {\n    b();›\n  }\n  return x;\n}\n';
    expect(await grown('cpp', code)).toBe('if (x) {\n    a();\n  } else {\n    b();\n  }');
  });
});

describe('unitAround', () => {
  it('finds the enclosing function with what it is declared with', async () => {
    expect(await grown('python', '@cached\ndef f():\n    return‹› 1\n\nx = 2\n')).toBe(
      '@cached\ndef f():\n    return 1',
    );
    expect(await grown('typescript', 'export const f = (a: string) => {\n  return‹› a;\n};\n')).toBe(
      'export const f = (a: string) => {\n  return a;\n};',
    );
    expect(await grown('java', 'class A {\n  int x = 1;\n  int f() { ret‹›urn x; }\n}\n')).toBe(
      'int f() { return x; }',
    );
    expect(await grown('java', 'class A {\n  int x‹› = 1;\n  int f() { return x; }\n}\n')).toBe('int x = 1;');
  });
});

/** Real code of eight languages, cut at borders of all kinds. */
describe('any selection', () => {
  const folder = join(import.meta.dirname, '../../../test/fixtures/syntax');
  for (const name of readdirSync(folder)) {
    it(`of ${name} grows to balanced code around it`, async () => {
      const text = readFileSync(join(folder, name), 'utf8');
      const grammar = grammarFor(name.split('.')[0] ?? '') ?? '';
      const borders = [...text.matchAll(/\b|(?<=[{}()[\];,])|(?=[{}()[\];,])/gu)].map(({ index }) => index);
      const random = generator(7);
      expect((await parsers.answer({ grammar, text }))?.faults).toEqual([]);
      for (let round = 0; round < 300; round++) {
        const [start = 0, end = 0] = [random(borders.length), random(borders.length)]
          .map((index) => borders[index] ?? 0)
          .sort((a, b) => a - b);
        if (text.slice(start, end).trim() === '') continue;
        const span = (await parsers.answer({ grammar, text, span: { start, end } }))?.span;
        expect(span, `${start}-${end}`).toBeDefined();
        const inside = text.slice(span?.start, span?.end);
        expect(text.slice(start, end).trim().length).toBeLessThanOrEqual(inside.length);
        expect(balance(inside), `${start}-${end}: ${inside}`).toBe('');
        // The whole can be taken out and put in again as one piece.
        const again = await parsers.answer({ grammar, text, ...(span && { span }) });
        expect(again?.span).toEqual(span);
      }
    });
  }
});

/** The brackets that are not closed within a text without brackets in its strings. */
function balance(text: string): string {
  const open: string[] = [];
  for (const [bracket] of text.matchAll(/[{}()[\]]/gu)) {
    const partner = { '}': '{', ')': '(', ']': '[' }[bracket];
    if (partner !== undefined && open.at(-1) === partner) open.pop();
    else open.push(bracket);
  }
  return open.join('');
}
