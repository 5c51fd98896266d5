/** Invariant: a value from outside gets its type from a check, never from a cast. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './child.ts';

/** Reads what it has written itself, a moment before, to a private file; each record is read several times. */
const ownFiles = ['extension/server/lab/curate/store.ts'];

test('no source casts what JSON.parse returns', () => {
  const sources = ['extension', 'webview'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  const casts = sources
    .filter((name) => name.endsWith('.ts') && !/\.test\.ts$|\/testing\//u.test(name) && !ownFiles.includes(name))
    .filter((name) =>
      readFileSync(join(root, name), 'utf8')
        .split(/;|\n\n/u)
        .some((statement) => /JSON\.parse\([^]*\)\s+as\s+(?!unknown\b)|<\w+>\s*JSON\.parse\(/u.test(statement)),
    );
  expect(casts).toEqual([]);
});
