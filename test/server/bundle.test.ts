/** The programs as they ship: what is imported on demand must be there with its names. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { root } from './child.ts';

test('every part of the programs that is read on demand can be used', async () => {
  const dist = join(root, 'dist');
  const parts = (await readdir(dist)).filter((name) => name.startsWith('part-'));
  const names = await Promise.all(
    parts.map(async (name) =>
      Object.keys((await import(/* @vite-ignore */ pathToFileURL(join(dist, name)).href)) as object),
    ),
  );
  expect(names.flat()).toEqual(
    expect.arrayContaining(['UMAP', 'Agent', 'ProxyAgent', 'request', 'openPromise', 'readParquetItems']),
  );
});
