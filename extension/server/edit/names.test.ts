import { expect, test } from 'vitest';
import { withoutExamples } from './examples.ts';
import { lostNames, withOldName } from './names.ts';

const names = { old: ['count', 'other'], changed: ['count_words', 'other'], instruction: 'Count words.' };

test('a name that was changed unasked comes back, as a whole word', () => {
  const code = 'def count_words(a):\n    return count_words(a) + my_count_words';
  expect(withOldName(code, names)).toBe('def count(a):\n    return count(a) + my_count_words');
});

test.each(['Rename it.', 'Give it a better name.', 'Call it count_words.', 'Turn it into a class.'])(
  '%s',
  (instruction) => {
    expect(withOldName('count_words()', { ...names, instruction })).toBe('count_words()');
    expect(lostNames({ ...names, instruction })).toEqual([]);
  },
);

test('a word of the instruction is no name, and a name is', () => {
  const last = { ...names, changed: ['last', 'other'] };
  expect(withOldName('last()', { ...last, instruction: 'Return the last one.' })).toBe('count()');
  expect(withOldName('last()', { ...last, instruction: 'Write `last`.' })).toBe('last()');
});

test('two new names are not undone, and the lost one is known', () => {
  const both = { ...names, changed: ['a', 'b', 'other'] };
  expect(withOldName('a() + b()', both)).toBe('a() + b()');
  expect(lostNames(both)).toEqual(['count']);
});

test.each([
  ['a heading', 'def f(): pass\n\n# Example usage:\nprint(f())\n', 'def f(): pass\n'],
  ['a main part', 'def f(): pass\n\nif __name__ == "__main__":\n    f()', 'def f(): pass'],
  [
    'a comment within the code stays',
    'def f():\n    # Example: 1\n    pass\n',
    'def f():\n    # Example: 1\n    pass\n',
  ],
  ['a declaration below stays', 'f()\n# Test helpers\ndef g(): pass\n', 'f()\n# Test helpers\ndef g(): pass\n'],
])('examples: %s', (_name, code, expected) => {
  expect(withoutExamples(code, { old: 'def f(): return', instruction: 'Simplify.' })).toBe(expected);
});

test('examples that are asked for or were there stay', () => {
  const code = 'f()\n# Example usage\ng()';
  expect(withoutExamples(code, { old: 'f()', instruction: 'Add an example.' })).toBe(code);
  expect(withoutExamples(code, { old: '# Example usage', instruction: 'Simplify.' })).toBe(code);
});
