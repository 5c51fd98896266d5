import { describe, expect, it } from 'vitest';
import { testOpening } from './test-opening.ts';

const python = {
  languageId: 'python',
  path: 'src/shop/cart.py',
  text: 'def total(items):\n    def inner(): ...\n\nclass Cart: ...',
};
const script = {
  languageId: 'typescript',
  path: 'src/a/cart.ts',
  text: 'export function total() {}\nfunction hidden() {}',
};

describe('the opening of a test file', () => {
  it('imports what the code declares', () => {
    expect(testOpening('tests/test_cart.py', python)).toBe('from shop.cart import total, Cart\n');
    expect(testOpening('src/a/cart.test.ts', script)).toBe("import { total } from './cart';\n");
    expect(testOpening('test/unit/cart.test.ts', script)).toBe("import { total } from '../../src/a/cart';\n");
    expect(testOpening('src/b/cart.test.js', { ...script, languageId: 'javascript', path: 'src/a/cart.js' })).toBe(
      "import { total } from '../a/cart.js';\n",
    );
  });

  it('is empty for code that cannot be imported', () => {
    expect(testOpening('a.test.ts', { ...script, text: 'function hidden() {}' })).toBe('');
    expect(testOpening('test_a.py', { ...python, text: '    def method(self): ...' })).toBe('');
    expect(testOpening('a_test.go', { ...script, languageId: 'go' })).toBe('');
  });
});
