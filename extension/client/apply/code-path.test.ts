import { describe, expect, it } from 'vitest';
import { namedPaths, partsWithin } from './code-path.ts';

const named = (info: string, lead = ''): string[] => namedPaths(info, lead).map(({ path }) => path);

describe('namedPaths', () => {
  it.each([
    ['ts src/a.ts', ['src/a.ts']],
    ['src/a.ts', ['src/a.ts']],
    ['ts title="src/a.ts"', ['src/a.ts']],
    ['ts title="my files/a.ts"', ['my files/a.ts']],
    ["js {file: 'a.js'}", ['a.js']],
    ['ts:src/a.ts', ['src/a.ts']],
    ['12:15:src/a.ts', ['src/a.ts']],
    ['python filename=a.py', ['a.py']],
    ['dockerfile Dockerfile', ['Dockerfile']],
    ['c++', []],
    ['ts', []],
    ['', []],
  ])('behind the fence: %s', (info, paths) => expect(named(info)).toEqual(expect.arrayContaining(paths)));

  it('finds none where none is', () => {
    expect(named('c++', 'This is e. g. the code, version 1.2:')).toEqual([]);
    expect(namedPaths('ts', 'Change `total` in `src/cart.ts` like this:')).toEqual([
      { path: 'src/cart.ts', mayBeNew: false },
    ]);
  });

  it('takes the path nearest to the block first, and one behind the fence before all', () => {
    expect(named('ts src/c.ts', 'From `a.ts` to `b.ts`:')).toEqual(['src/c.ts', 'b.ts', 'a.ts']);
    expect(named('ts', '**src/a.ts**:')).toEqual(['src/a.ts']);
  });

  it('takes no time for a long text', () => {
    const start = performance.now();
    for (const part of ['a.ts ', '`', 'title="', 'file=', '/', ' ', 'a:']) named(part.repeat(5000), part.repeat(5000));
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('partsWithin', () => {
  it.each([
    ['src/a.ts', ['src', 'a.ts']],
    ['./src//a.ts', ['src', 'a.ts']],
    [String.raw`src\a.ts`, ['src', 'a.ts']],
    ['/home/u/shop/src/a.ts', ['src', 'a.ts']],
  ])('%s', (path, parts) => expect(partsWithin(path, '/home/u/shop')).toEqual(parts));

  it.each([
    '../a.ts',
    'src/../../a.ts',
    'src/../a.ts',
    '/etc/passwd',
    '/home/u/shop/../x.ts',
    '/home/u/shopping/a.ts',
    '~/a.ts',
    'C:/a.ts',
    'file:a.ts',
    '.git/hooks/pre-commit',
    'x/.GIT/config',
    'a\0.ts',
    '.. /a.ts',
    '',
    '.',
  ])('refuses %s', (path) => expect(partsWithin(path, '/home/u/shop')).toBeUndefined());
});
