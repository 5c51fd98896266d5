import { describe, expect, it } from 'vitest';
import { testPlace } from './test-place.ts';

const nothing = { tests: [], manifest: '' };

describe('the place of tests', () => {
  it('is the test file that the code has', () => {
    const tests = ['src/b/cart.test.ts', 'src/a/cart.test.ts'];
    expect(testPlace('src/a/cart.ts', 'typescript', { tests, manifest: '{"jest":"1"}' })).toEqual({
      path: 'src/a/cart.test.ts',
      framework: 'Jest',
    });
  });

  it('follows the tests that the project has', () => {
    const where = (path: string, languageId: string, test: string): string | undefined =>
      testPlace(path, languageId, { tests: [test], manifest: '' })?.path;
    expect(where('src/cart.ts', 'typescript', 'src/other.spec.ts')).toBe('src/cart.spec.ts');
    expect(where('src/a/cart.ts', 'typescript', 'src/b/__tests__/x.test.ts')).toBe('src/a/__tests__/cart.test.ts');
    expect(where('src/cart.ts', 'typescript', 'test/unit/x.test.ts')).toBe('test/unit/cart.test.ts');
    expect(where('shop/cart.py', 'python', 'tests/test_other.py')).toBe('tests/test_cart.py');
    expect(where('shop/cart.py', 'python', 'shop/other_test.py')).toBe('shop/cart_test.py');
    expect(where('src/main/java/Cart.java', 'java', 'src/test/java/OtherTests.java')).toBe(
      'src/test/java/CartTests.java',
    );
  });

  it('is the usual one in a project without tests', () => {
    expect(testPlace('src/cart.ts', 'typescript', nothing)?.path).toBe('src/cart.test.ts');
    expect(testPlace('shop/cart.py', 'python', nothing)?.path).toBe('tests/test_cart.py');
    expect(testPlace('pkg/cart.go', 'go', nothing)?.path).toBe('pkg/cart_test.go');
    expect(testPlace('cart.rb', 'ruby', nothing)?.path).toBe('spec/cart_spec.rb');
  });

  it('is unknown for other languages', () => expect(testPlace('a.txt', 'plaintext', nothing)).toBeUndefined());
});

describe('the framework', () => {
  it('is what the project depends on, else what its tests say, else the usual one', () => {
    const framework = (manifest: string, sample = ''): string | undefined =>
      testPlace('a.py', 'python', { tests: [], manifest }, sample)?.framework;
    expect(framework('[tool.pytest]')).toBe('pytest');
    expect(framework('', 'import unittest\n')).toBe('unittest');
    expect(framework('')).toBe('pytest');
  });
});
