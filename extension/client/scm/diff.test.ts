import { describe, expect, it } from 'vitest';
import { newFile, readDiff, showChanges } from './diff.ts';

const modified = `diff --git a/src/a.ts b/src/a.ts
index 111..222 100644
--- a/src/a.ts
+++ b/src/a.ts
@@ -1,3 +1,4 @@ function a()
 const x = 1;
-const y = 2;
+const y = 3;
+const z = 4;
`;

describe('readDiff', () => {
  it('gives the path, the counts and the hunks of each file', () => {
    const added = 'diff --git a/b.py b/b.py\nnew file mode 100644\n--- /dev/null\n+++ b/b.py\n@@ -0,0 +1 @@\n+x = 1\n';
    const deleted =
      'diff --git a/c.py b/c.py\ndeleted file mode 100644\n--- a/c.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n';
    expect(readDiff(modified + added + deleted)).toEqual([
      {
        path: 'src/a.ts',
        change: 'modified',
        added: 2,
        removed: 1,
        patch: '@@ -1,3 +1,4 @@ function a()\n const x = 1;\n-const y = 2;\n+const y = 3;\n+const z = 4;',
      },
      { path: 'b.py', change: 'added', added: 1, removed: 0, patch: '@@ -0,0 +1 @@\n+x = 1' },
      { path: 'c.py', change: 'deleted', added: 0, removed: 1, patch: '@@ -1 +0,0 @@\n-x' },
    ]);
  });

  it('only names binary files, lock files, renames and changed modes', () => {
    const binary = 'diff --git a/i.png b/i.png\nindex 1..2 100644\nBinary files a/i.png and b/i.png differ\n';
    const renamed = 'diff --git a/x.ts b/y.ts\nsimilarity index 100%\nrename from x.ts\nrename to y.ts\n';
    const mode = 'diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n';
    const lock = modified.replaceAll('src/a.ts', 'package-lock.json');
    expect(readDiff(binary + renamed + mode + lock)).toEqual([
      { path: 'i.png', change: 'modified', added: 0, removed: 0, patch: '' },
      { path: 'y.ts', change: 'renamed', added: 0, removed: 0, patch: '' },
      { path: 'run.sh', change: 'modified', added: 0, removed: 0, patch: '' },
      { path: 'package-lock.json', change: 'modified', added: 2, removed: 1, patch: '' },
    ]);
  });

  it('is not misled by contents that look like a diff', () => {
    const nested = modified.replace('+const z = 4;', '+diff --git a/etc b/etc\n+--- a/etc\n+@@ -1 +1 @@');
    expect(readDiff(nested).map(({ path }) => path)).toEqual(['src/a.ts']);
  });

  it('bounds a line of a megabyte, a hundred thousand lines and many files', () => {
    const start = performance.now();
    const long = modified.replace('+const z = 4;', `+${'a`" '.repeat(250_000)}`);
    const deep = modified.replace('+const z = 4;', '+    x\n'.repeat(100_000).trimEnd());
    const [first, second] = readDiff(long + deep);
    expect(first?.patch.length).toBeLessThan(1000);
    expect(second?.patch.length).toBeLessThanOrEqual(40_000);
    expect(second?.added).toBe(100_001);
    expect(readDiff(modified.repeat(3000))).toHaveLength(500);
    expect(readDiff('x'.repeat(1_000_000))[0]?.patch).toHaveLength(240);
    expect(readDiff(`diff --git ${' '.repeat(1_000_000)}`)).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('takes what another diff program prints as it is', () =>
    expect(readDiff('a.ts --- TypeScript\n1 x 1 y\n')).toMatchObject([
      { path: 'changes', patch: 'a.ts --- TypeScript\n1 x 1 y\n' },
    ]));

  it('of nothing is nothing', () => expect(readDiff('')).toEqual([]));
});

describe('newFile', () => {
  it('is all added', () =>
    expect(newFile('a.py', 'x = 1\ny = 2\n')).toEqual({
      path: 'a.py',
      change: 'added',
      added: 2,
      removed: 0,
      patch: '+x = 1\n+y = 2',
    }));
  it('of bytes is only named', () => expect(newFile('a.bin', 'x\0y').patch).toBe(''));
});

it('shows a bounded text, in which every file is named', () => {
  const files = Array.from({ length: 500 }, (_, index) => newFile(`f${index}.ts`, 'line\n'.repeat(5000)));
  const text = showChanges(files);
  expect(text.length).toBeLessThan(300_000);
  expect(text).toContain('f499.ts (added, +5000 -0)');
});

it('shows the changes as one text', () =>
  expect(showChanges([...readDiff(modified), newFile('a.bin', '\0')])).toMatch(
    /^src\/a\.ts \(modified, \+2 -1\)\n@@[\s\S]*\n\na\.bin \(added, \+0 -0\)$/u,
  ));
