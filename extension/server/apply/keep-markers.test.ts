import { describe, expect, test } from 'vitest';
import { fillKeepMarkers, isKeepMarker } from './keep-markers.ts';

describe('isKeepMarker', () => {
  test.each([
    '// ... existing code ...',
    '  # ... rest of the code',
    '# rest of the code',
    '// ...',
    '/* … */',
    '<!-- ... existing code ... -->',
    '    // other methods unchanged',
    '-- ... remaining columns',
    '{/* ... rest of the component ... */}',
    '... existing code ...',
    '// The rest of the file is unchanged',
  ])('%s', (line) => expect(isKeepMarker(line)).toBe(true));

  test.each([
    '...',
    '  ...rest,',
    '  ...existing,',
    'f(...args);',
    '// Returns the remaining code points.',
    '# Loads the existing file',
    '// waits for 3 s ...',
    'return x; // ... existing code ...',
    '#include <rest>',
  ])('not %s', (line) => expect(isKeepMarker(line)).toBe(false));
});

describe('fillKeepMarkers', () => {
  const old = 'f(a) {\n  one();\n\n  two();\n  three();\n  return a;\n}';

  test.each([
    ['in the middle', 'f(a) {\n  one();\n  // ...\n  return a + 1;\n}', undefined],
    [
      'before known lines',
      'f(a) {\n  first();\n  one();\n  // ... existing code ...\n  return a;\n}',
      'f(a) {\n  first();\n  one();\n\n  two();\n  three();\n  return a;\n}',
    ],
    [
      'at the end',
      'f(a) {\n  uno();\n  two();\n  // ... rest of the code',
      'f(a) {\n  uno();\n  two();\n  three();\n  return a;\n}',
    ],
    [
      'at the beginning',
      '// ... existing code ...\n  three();\n  four();\n  return a;\n}',
      'f(a) {\n  one();\n\n  two();\n  three();\n  four();\n  return a;\n}',
    ],
    [
      'below a changed head',
      'f(a, b) {\n  // ... existing code ...\n}',
      'f(a, b) {\n  one();\n\n  two();\n  three();\n  return a;\n}',
    ],
    [
      'two of them',
      'f(a) {\n  // ...\n  two();\n  new();\n  // ...\n}',
      'f(a) {\n  one();\n\n  two();\n  new();\n  three();\n  return a;\n}',
    ],
  ])('%s', (_name, code, filled) => expect(fillKeepMarkers(old, code)).toBe(filled));

  test('does not guess between two places', () =>
    expect(fillKeepMarkers('a();\nb();\na();\nc();', 'a();\n// ...\nnew();')).toBeUndefined());

  test('takes no time for many lines', () => {
    const start = performance.now();
    fillKeepMarkers('x();\n'.repeat(20_000), `${'x();\n'.repeat(200)}// ...\nx();\n`);
    expect(isKeepMarker(`//${' '.repeat(1_000_000)}`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
