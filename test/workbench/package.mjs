/** Packs the extension with the engine of this machine: `node test/workbench/package.mjs` prints the file's name. */
import { existsSync, statSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { StepError, cache, main, mustRun, root } from './process.mjs';
import { addonFolder } from './native.mjs';

const target = `${process.platform}-${process.arch}`;
/** Bytes; an extension that carries no weights has no reason to be larger. */
const maxSize = 8_000_000;

/** Builds the bundles, unless that was just done, packs them, and returns the path of the VSIX. */
export async function packExtension({ built = false } = {}) {
  if (!existsSync(join(addonFolder, 'paddock.node'))) {
    throw new StepError(`There is no engine for ${target} yet. Build it with: npm run native`);
  }
  if (!built) {
    await mustRun('Building the bundles', process.execPath, ['esbuild.mjs', '--production']);
  }
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  await mkdir(cache, { recursive: true });
  const vsix = join(cache, `paddock-${target}-${version}.vsix`);
  const vsce = join(root, 'node_modules', '@vscode', 'vsce', 'vsce');
  await mustRun('Packing the extension', process.execPath, [
    vsce,
    'package',
    '--no-dependencies',
    '--allow-missing-repository',
    // The pictures of README.md are in the package; there is no public repository to point at.
    '--no-rewrite-relative-links',
    '--target',
    target,
    '--out',
    vsix,
  ]);
  const { size } = statSync(vsix);
  if (size > maxSize) {
    throw new StepError(`${vsix} has ${size} bytes, more than the ${maxSize} that are allowed.`);
  }
  return vsix;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => console.log(await packExtension()));
}
