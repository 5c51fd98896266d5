import { expect, test } from 'vitest';
import { extentOf } from './extent.ts';
import { placeOf } from './place.ts';

/** What of `text` is kept at the mark `|`; and that a stream of it ends no later. */
function kept(code: string, text: string, languageId = 'typescript'): string {
  const [prefix = '', suffix = ''] = code.split('|');
  const place = placeOf(prefix, suffix, languageId);
  const end = extentOf(place, text, true) ?? -1;
  for (let size = 0; size <= text.length; size++) {
    const early = extentOf(place, text.slice(0, size), false);
    if (early !== undefined) {
      expect({ size, text: text.slice(0, early) }).toEqual({ size, text: text.slice(0, end) });
      break;
    }
  }
  return text.slice(0, end);
}

test('one statement', () => {
  expect(kept('const a = |\n', 'b + 1;\nconst c = 2;\n')).toBe('b + 1;');
  expect(kept('const a = |\n', 'call(\n  b,\n  c,\n);\nnext();\n')).toBe('call(\n  b,\n  c,\n);');
  expect(kept('const a = |\n', 'list\n  .map((x) => x + 1)\n  .sort();\nnext();\n')).toBe(
    'list\n  .map((x) => x + 1)\n  .sort();',
  );
  expect(kept('x = |\n', 'a + \\\n  b\ny = 2\n', 'python')).toBe('a + \\\n  b');
  expect(kept('|\nrest();\n', 'const text = ")}";\nmore();\nlots();\n')).toBe('const text = ")}";');
});

test('brackets that were opened above are closed where nothing below does', () => {
  expect(kept('run(\n  task.|\n}\n', 'next(),\n  unit\n);\n}\n')).toBe('next(),\n  unit\n);');
  expect(kept('run(\n  task.|\n);\n', 'next(),\n  unit\n);\n')).toBe('next(),\n  unit');
});

test('a bracket below with less indentation closes nothing of the line', () => {
  expect(kept('{\n  return { a: g(|\n}\n', 'x) };\n}\n')).toBe('x) };');
  expect(kept('f(() => {\n  g({ a: |\n});\n', 'b });\n});\n')).toBe('b });');
  expect(kept('g(|\n);\n', 'x);\n')).toBe('x');
});

test('its block, unless that stands below', () => {
  expect(kept('|\n', 'if (a) {\n  b();\n}\nc();\n')).toBe('if (a) {\n  b();\n}');
  expect(kept('|\n', 'if (a) {\n  b();\n} else {\n  c();\n}\nd();\n')).toBe('if (a) {\n  b();\n} else {\n  c();\n}');
  expect(kept('if (|\n  b();\n}\n', 'a) {\n  c();\n}\n')).toBe('a) {');
  expect(kept('for x in |\n    print(x)\n', 'range(3):\n    print(3)\n', 'python')).toBe('range(3):');
  expect(kept('|\n', 'for x in y:\n    print(x)\nprint(y)\n', 'python')).toBe('for x in y:\n    print(x)');
  expect(kept('class A\n{\n    void F(|\n        b();\n    }\n}\n', 'int a)\n    {\n        b();\n', 'csharp')).toBe(
    'int a)\n    {',
  );
});

test('the whole body where a block begins', () => {
  expect(kept('if (a) {\n  |\n}\nc();\n', 'b();\n  c();\n}\nc();\n')).toBe('b();\n  c();');
  expect(kept('def f(a):\n    |\n', 'b = a\n    return b\n\n\ndef g():\n', 'python')).toBe('b = a\n    return b');
  expect(kept('def f(a):\n    |\nprint(1)\n', 'b = a\n    return b\nprint(1)\n', 'python')).toBe('b = a\n    return b');
  expect(kept('for a in b:|\n    d()\n', '\n    c()\n    d()\n', 'python')).toBe('\n    c()');
  expect(kept('if (a) {\n  |\n', 'b();\n}\nc();\n')).toBe('b();\n}');
});

test('no further than the rest of the line and what stands below', () => {
  expect(kept('call(|)\n', 'a, b);\nnext();\n')).toBe('a, b');
  expect(kept('call(|) + 1;\n', 'a, [b])\n')).toBe('a, [b]');
  expect(kept('while (|) {\n', 'i < n) {\n  i++;\n')).toBe('i < n');
  expect(kept('|\nconst total = sum(list);\n', 'const total = sum(list);\nmore();\n')).toBe('');
  expect(kept('a();\n|\n  }\n}\n', 'b();\n  }\n}\n')).toBe('b();');
});

test('no token more is waited for where the line says that it is the end', () => {
  const early = (text: string, languageId: string) => extentOf(placeOf('a = ', '\n', languageId), text, false);
  expect(early('b + 1\n', 'python')).toBe(5);
  expect(early('b + 1;\n', 'typescript')).toBe(6);
  expect(early('b + 1\n', 'typescript')).toBeUndefined();
  expect(early('b +\n', 'python')).toBeUndefined();
});
