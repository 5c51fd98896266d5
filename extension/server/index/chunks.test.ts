import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { grammarFor, languageOf } from '../syntax/grammars.ts';
import { Parsers } from '../syntax/parsers.ts';
import { chunksOf } from './chunks.ts';
import type { Chunk } from './chunks.ts';

const parsers = new Parsers(dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm')));

async function chunks(path: string, text: string): Promise<readonly Chunk[]> {
  const grammar = grammarFor(languageOf(path));
  const answer = grammar === undefined ? undefined : await parsers.answer({ grammar, text, items: true });
  return chunksOf(path, text, answer?.items);
}

/** `first-last kind symbol` for each chunk. */
async function told(path: string, text: string): Promise<string[]> {
  return (await chunks(path, text)).map(({ startLine, endLine, kind, symbol = '', names }) =>
    `${startLine}-${endLine} ${kind} ${symbol}${symbol === '' ? names.join() : ''}`.trim(),
  );
}

const body = (indent: string): string => Array.from({ length: 5 }, (_, line) => `${indent}x = ${line}\n`).join('');

describe('chunksOf', () => {
  test('functions, and classes with their members', async () => {
    const text = `import os\nA = 1\n\n# Adds.\ndef add(a):\n${body('    ')}\nclass B:\n    """Doc."""\n    def f(self):\n${body('        ')}    def g(self):\n${body('        ')}`;
    expect(await told('a.py', text)).toEqual([
      '1-3 lines A',
      '4-10 declaration add',
      '11-11 lines',
      '12-13 head B',
      '14-19 declaration B.f',
      '20-25 declaration B.g',
    ]);
  });

  test('short declarations stay together', async () => {
    expect(await told('a.ts', 'export const a = 1;\nexport const b = 2;\ntype C = 3;\n')).toEqual(['1-3 lines a,b,C']);
  });

  test('every line is in a chunk, and long ones are cut with an overlap', async () => {
    const text = `function f() {\n${'  x();\n'.repeat(150)}}\n`;
    expect(await told('a.js', text)).toEqual([
      '1-50 declaration f',
      '41-90 declaration f',
      '81-130 declaration f',
      '121-152 declaration f',
    ]);
  });

  test('names of C++ without what belongs to the type', async () => {
    const text = 'namespace shop {\nconst Cart* find_cart(int a,\n  int b) {\n  int c = a;\n  return 0;\n}\n}\n';
    expect(await told('a.cc', text)).toContain('2-6 declaration shop.find_cart');
  });

  test('a name belongs to the part with its line', async () => {
    const text = Array.from({ length: 8000 }, (_, line) => `export const name${line} = 1;\n`).join('');
    const start = performance.now();
    const found = await chunks('a.ts', text);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(found).toHaveLength(200);
    for (const { startLine, endLine, names } of found) {
      expect(names).toHaveLength(endLine - startLine + 1);
      expect([names[0], names.at(-1)]).toEqual([`name${startLine - 1}`, `name${endLine - 1}`]);
    }
  });

  test('sections of documents', async () => {
    const text = 'intro\n# One\na\n```sh\n# no heading\n```\n## Two\nb\n';
    expect(await told('a.md', text)).toEqual(['1-1 lines', '2-6 section One', '7-8 section Two']);
    expect(await told('a.rst', 'One\n===\na\n\nTwo words\n---------\nb\n')).toEqual([
      '1-4 section One',
      '5-7 section Two words',
    ]);
  });

  test('lines, where no grammar knows the language', async () => {
    expect(await told('a.sql', 'x\n'.repeat(100))).toEqual(['1-50 lines', '41-90 lines', '81-100 lines']);
    expect(await told('a.sql', 'x')).toEqual(['1-1 lines']);
  });

  test('broken code still has all its lines', async () => {
    for (const text of ['def f(:\n  ((((\nclass\n', '}}}}\n'.repeat(30), '\n\n\n', '"""\n'.repeat(7)]) {
      for (const path of ['a.py', 'a.ts', 'a.rs', 'a.md', 'a.rst', 'a.txt']) {
        const lines = text.split('\n').length - 1;
        const covered = new Set<number>();
        for (const { startLine, endLine } of await chunks(path, text)) {
          expect(startLine).toBeLessThanOrEqual(endLine);
          for (let line = startLine; line <= endLine; line++) covered.add(line);
        }
        expect([...covered].sort((a, b) => a - b)).toEqual(Array.from({ length: lines }, (_, index) => index + 1));
      }
    }
  });
});
