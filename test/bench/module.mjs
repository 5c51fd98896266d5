/** The product's own modules, for measurements that need more than the terminal program offers. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { cache, root } from '../workbench/process.mjs';

/** Some of the bundled packages are CommonJS and ask for `require`. */
const banner = {
  js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
};

/**
 * All exports of some source files of the product, as the bundler makes them.
 * @param {readonly string[]} sources
 */
export async function bundled(...sources) {
  const outfile = join(cache, 'bench', `module-${process.pid}.mjs`);
  const contents = sources.map((source) => `export * from './${source}';`).join('\n');
  await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    outfile,
    banner,
  });
  return import(pathToFileURL(outfile).href);
}
