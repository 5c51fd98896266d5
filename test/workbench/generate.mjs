/**
 * Writes what the typed tables say into package.json (`contributes`, `activationEvents`, `capabilities`) and
 * package.nls.json. With `--check` it writes nothing and fails when they are stale.
 */
import { build } from 'esbuild';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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
};
const stale = Object.entries(wanted).filter(([file, text]) => !same(file, text));
if (check && stale.length > 0) {
  console.error(`${stale.map(([file]) => file).join(' and ')} do not match the typed tables. Run: npm run generate`);
  process.exit(1);
}
if (!check) for (const [file, text] of stale) writeFileSync(root + file, text);

/** Compares what is in the files, not their white space: the formatter owns that. */
function same(file, text) {
  if (!existsSync(root + file)) return false;
  return JSON.stringify(JSON.parse(readFileSync(root + file, 'utf8'))) === JSON.stringify(JSON.parse(text));
}
