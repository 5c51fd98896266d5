import { describe, expect, it } from 'vitest';
import { declaredNames, likeliest } from './likeliest.ts';

describe('declaredNames', () => {
  it.each([
    ['export async function total(x) {', ['total']],
    ['def f(x):', ['f']],
    ['func (c *Cart) Total() int {', ['Total']],
    ['  add(item: number): void {', ['add']],
    ['int Ring::push(int x) {', []],
    ['static int push(int x) {', ['push']],
    ['pub fn main() {', ['main']],
    ['const x = 1;', ['x']],
    ['if (a) {', []],
    ['  } else if (a(b)) {', []],
    ['total(items);', []],
  ])('%s', (line, names) => expect([...declaredNames(line)]).toEqual(names));

  it('takes no time for a long line', () => {
    const start = performance.now();
    for (const part of ['a ', 'a', '(', 'const ', ' ', 'a<b> ']) declaredNames(part.repeat(500_000));
    expect(performance.now() - start).toBeLessThan(300);
  });
});

describe('likeliest', () => {
  const cart = 'export function total(items) {\n  return 1;\n}\n';
  const text = 'def slug(title):\n    return title.lower()\n';
  it('is the text with a function of the same name', () =>
    expect(likeliest('function total() {}', [text, cart])).toBe(1));
  it('is the text with the most lines of it', () =>
    expect(likeliest('    return title.lower()\n    print(1)', [cart, text])).toBe(1));
  it('is none for other code', () => {
    expect(likeliest('SELECT * FROM carts', [cart, text])).toBeUndefined();
    expect(likeliest('x', [])).toBeUndefined();
  });
  it('is the first of two alike', () => expect(likeliest('function total() {}', [cart, cart])).toBe(0));
});
