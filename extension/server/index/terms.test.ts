import { describe, expect, test } from 'vitest';
import { stem } from './stem.ts';
import { compoundOf, hashOf, termsOf } from './terms.ts';

const terms = (text: string): string[] => [...termsOf(text)];

test.each([
  ['JSONProvider', ['json', 'provid', compoundOf(['json', 'provider'])]],
  ['json_provider', ['json', 'provid', compoundOf(['json', 'provider'])]],
  ['src/readFile.ts', ['src', 'read', 'fil', compoundOf(['read', 'file']), 'ts']],
  ['utf8 x', ['utf', compoundOf(['utf', '8'])]],
  ['__init__', ['init']],
  ['Zürich', ['zürich']],
  ['検索する', ['検索', '索す', 'する']],
  ['поиск файлов', ['поиск', 'файлов']],
  ['', []],
])('%s', (text, expected) => expect(terms(text)).toEqual(expected));

test('forms of a word have one stem', () => {
  for (const words of [
    ['parse', 'parser', 'parsers', 'parsing', 'parsed', 'parses'],
    ['encode', 'encoding', 'encoded', 'encoder'],
    ['serialization', 'serializer', 'serialize', 'serializing'],
    ['configuration', 'configurations', 'config', 'configs'],
    ['dictionary', 'dictionaries', 'dict'],
    ['map', 'mapping', 'mapped', 'maps'],
  ]) {
    expect(new Set(words.map(stem)), words.join()).toHaveProperty('size', 1);
  }
  expect(stem('class')).toBe('class');
  expect(stem('the')).toBe('the');
});

test('compounds do not depend on the style, and are no words', () => {
  expect(compoundOf(['special', 'methods'])).toBe(compoundOf(['special', 'method']));
  expect(compoundOf(['back', 'up'])).not.toBe('backup');
});

describe('hostile text', () => {
  test('long runs are left out, and nothing takes long', () => {
    const start = performance.now();
    expect(terms('a'.repeat(1_000_000))).toEqual([]);
    expect(terms('aA1_'.repeat(24))).toHaveLength(1);
    for (const text of ['A'.repeat(99), '\u{1F600}'.repeat(10_000), '\uD800'.repeat(10_000), '_'.repeat(99)])
      terms(text);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test('hashes are whole numbers of 32 bits', () => {
    for (const text of ['', 'a', '検索', '__proto__']) {
      expect(hashOf(text)).toBe(hashOf(text) >>> 0);
    }
  });
});
