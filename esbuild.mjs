/**
 * Builds the bundles of dist/. `node esbuild.mjs [client] [programs] [syntax] [webview] [--watch] [--production]`;
 * without a name it builds all. Each bundle has a size budget, because its size is paid at every start.
 */
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, context } from 'esbuild';
import { shippedGrammars, thirdPartyNotices } from './test/workbench/notices.mjs';

const flags = new Set(process.argv.slice(2).filter((argument) => argument.startsWith('--')));
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const production = flags.has('--production');

const shared = {
  bundle: true,
  sourcemap: production ? false : 'linked',
  minify: production,
  // The licences of all that is bundled are in one file, see below.
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  target: 'es2023',
};
const node = { ...shared, platform: 'node', target: 'node20', mainFields: ['module', 'main'] };
const nodeModule = {
  ...node,
  format: 'esm',
  // Some of the bundled packages are CommonJS and ask for `require`.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
};

const partPrefix = 'part-';

/** Budgets are bytes of the minified file and of all that it needs to start. */
const bundles = {
  client: [
    {
      options: {
        ...node,
        format: 'cjs',
        entryPoints: ['extension/client/main.ts'],
        outfile: 'dist/client.cjs',
        external: ['vscode'],
      },
      budgets: { 'dist/client.cjs': 260_000 },
    },
  ],
  programs: [
    {
      options: {
        ...nodeModule,
        entryPoints: { server: 'extension/server/main.ts', cli: 'extension/cli/main.ts' },
        outdir: 'dist',
        // What both use is there once, and what is rarely needed is read when it is.
        splitting: true,
        chunkNames: `${partPrefix}[hash]`,
      },
      budgets: { 'dist/server.js': 500_000, 'dist/cli.js': 430_000 },
    },
  ],
  syntax: [
    {
      options: {
        ...node,
        format: 'cjs',
        entryPoints: { 'syntax-worker': 'extension/server/syntax/worker.ts' },
        outdir: 'dist',
        outExtension: { '.js': '.cjs' },
      },
      budgets: { 'dist/syntax-worker.cjs': 160_000 },
    },
  ],
  webview: [
    {
      options: {
        ...shared,
        format: 'iife',
        platform: 'browser',
        entryPoints: { chat: 'webview/chat/main.ts', lab: 'webview/lab/main.ts', map: 'webview/map/page.ts' },
        outdir: 'dist/webview',
        loader: { '.ttf': 'file' },
        assetNames: '[name]',
      },
      budgets: {
        'dist/webview/chat.js': 420_000,
        'dist/webview/chat.css': 90_000,
        'dist/webview/lab.js': 160_000,
        'dist/webview/lab.css': 60_000,
        'dist/webview/map.js': 60_000,
      },
    },
  ],
};

const unknown = names.filter((name) => !(name in bundles));
if (unknown.length > 0) {
  console.error(`Unknown bundle: ${unknown.join(', ')}. Known: ${Object.keys(bundles).join(', ')}.`);
  process.exit(2);
}
const chosen = (names.length > 0 ? names : Object.keys(bundles)).flatMap((name) => bundles[name]);

if (flags.has('--watch')) {
  await Promise.all(chosen.map(async ({ options }) => (await context({ ...options, logLevel: 'info' })).watch()));
} else {
  if (chosen.includes(bundles.programs[0])) await removeParts();
  if (chosen.includes(bundles.syntax[0])) await copyGrammars();
  const results = await Promise.all(chosen.map(({ options }) => build(options)));
  results.forEach((result, index) => checkBudgets(result.metafile, chosen[index].budgets));
  if (production && names.length === 0) {
    const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
    await writeFile(join('dist', 'ThirdPartyNotices.txt'), thirdPartyNotices(inputs, import.meta.dirname));
  }
}

/** Tree-sitter and its grammars, which are read as files. */
async function copyGrammars() {
  const from = join('node_modules', '@vscode', 'tree-sitter-wasm', 'wasm');
  const to = join('dist', 'grammars');
  await mkdir(to, { recursive: true });
  for (const file of shippedGrammars(await readdir(from))) await cp(join(from, file), join(to, file));
}

/** Their names change with what is in them: those of an earlier build would stay for ever. */
async function removeParts() {
  const names = await readdir('dist').catch(() => []);
  await Promise.all(names.filter((name) => name.startsWith(partPrefix)).map((name) => rm(join('dist', name))));
}

/** A file and what it imports by a statement, and so on. */
function startFiles({ outputs }, file, found = new Set()) {
  found.add(file);
  for (const { path, kind } of outputs[file].imports) {
    if (kind === 'import-statement' && path in outputs && !found.has(path)) startFiles({ outputs }, path, found);
  }
  return found;
}

function checkBudgets(metafile, budgets) {
  for (const [file, budget] of Object.entries(budgets)) {
    if (metafile.outputs[file] === undefined) throw new Error(`The build wrote no ${file}.`);
    const bytes = [...startFiles(metafile, file)].reduce((sum, one) => sum + metafile.outputs[one].bytes, 0);
    console.log(`${file.padEnd(26)} ${kilobytes(bytes)}`);
    if (production && bytes > budget) {
      console.error(`${file} is ${kilobytes(bytes)}, above its budget of ${kilobytes(budget)}.`);
      process.exitCode = 1;
    }
  }
}

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(0)} kB`;
}
