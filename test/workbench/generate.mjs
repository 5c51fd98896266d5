/**
 * Writes what the typed tables say into package.json (`contributes`, `activationEvents`, `capabilities`) and
 * package.nls.json, and every text of the client and the webview into the bundle that translators start from.
 * With `--check` it writes nothing and fails when they are stale.
 */
import { build } from 'esbuild';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const check = process.argv.includes('--check');

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['extension/client/contributions/manifest.ts'],
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
});
const source = Buffer.from(outputFiles[0].contents).toString('base64');
const { generateManifest } = await import(`data:text/javascript;base64,${source}`);
const { manifest, texts } = generateManifest();

const current = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const wanted = {
  'package.json': `${JSON.stringify({ ...current, ...manifest }, undefined, 2)}\n`,
  'package.nls.json': `${JSON.stringify(texts, undefined, 2)}\n`,
  'media/l10n/bundle.l10n.json': `${JSON.stringify(sourceTexts(), undefined, 2)}\n`,
};
const stale = Object.entries(wanted).filter(([file, text]) => !same(file, text));
if (check && stale.length > 0) {
  console.error(`${stale.map(([file]) => file).join(' and ')} do not match the sources. Run: npm run generate`);
  process.exit(1);
}
if (!check) {
  mkdirSync(`${root}media/l10n`, { recursive: true });
  for (const [file, text] of stale) writeFileSync(root + file, text);
}

/** The texts given to `vscode.l10n.t` and to the `t` of the webview, the protocol and the status bar. */
function sourceTexts() {
  const found = ['extension/client', 'extension/protocol', 'webview'].flatMap((folder) =>
    readdirSync(root + folder, { recursive: true })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .flatMap((name) => {
        const source = readFileSync(join(root, folder, String(name)), 'utf8');
        return [...source.matchAll(/\bt\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g)];
      }),
  );
  const sorted = found.map(([, single, double]) => (single ?? double).replaceAll(/\\(.)/g, '$1')).sort();
  return Object.fromEntries(sorted.map((text) => [text, text]));
}

/** Compares what is in the files, not their white space: the formatter owns that. */
function same(file, text) {
  if (!existsSync(root + file)) return false;
  return JSON.stringify(JSON.parse(readFileSync(root + file, 'utf8'))) === JSON.stringify(JSON.parse(text));
}
