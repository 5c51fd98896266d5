/**
 * `npm test`: from a fresh clone to one line `N passed, N failed`. Needs Node, a C++ compiler and CMake; gets
 * everything else. A suite that could not run counts as failed.
 *   node test/run.mjs [--long] [SUITE]...   only these suites; `--long` repeats more, see workbench/effort.mjs
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findBrowser } from './workbench/browser.mjs';
import { installPackages } from './workbench/install.mjs';
import { writeAsText } from './oracle/as-text.mjs';
import { defaultModel, getModels, listModels, testModels } from './workbench/models.mjs';
import { armCores, buildAddon, buildArmTests, runArmTests, testNative } from './workbench/native.mjs';
import { counted, runNodeTests } from './workbench/node-tests.mjs';
import { StepError, cache, mustRun, root, run } from './workbench/process.mjs';

const results = join(cache, 'results');
const { values: options, positionals: wanted } = parseArgs({
  options: { long: { type: 'boolean', default: false } },
  allowPositionals: true,
});
// For workbench/effort.mjs, here and in the processes of the suites.
if (options.long) process.env.PADDOCK_LONG_TESTS = '1';

/** Each resolves with what it counted: `[passed, failed]`. The order is the order of running. */
const suites = {
  check: () => single('npm', ['run', 'check']),
  native: nativeTests,
  // QEMU runs programs of another CPU only on Linux; on an Arm machine with another system `native` tests the same.
  ...(process.platform === 'linux' && { arm: armTests }),
  // `npm run fuzz` goes on for as long as one likes.
  ...(process.platform === 'linux' && { fuzz: fuzzTests }),
  // Unit tests share nothing, so every CPU gets a worker; by default one would be left for the terminal.
  unit: () => vitest('unit', ['extension', 'webview', 'test/bench', `--maxWorkers=${availableParallelism()}`]),
  server: () => vitest('server', ['test/contract', 'test/server']),
  oracle: () => script('test/oracle/run.mjs'),
  webview: webviewTests,
  e2e: () => script('test/e2e/run.mjs'),
};

/** Builds what it needs by itself. */
const alone = ['native'];

const unknown = wanted.filter((name) => !(name in suites));
if (unknown.length > 0) {
  console.error(`Unknown suite: ${unknown.join(', ')}. Known: ${Object.keys(suites).join(', ')}.`);
  process.exit(2);
}

const totals = [];
if (await attempt('prepare', prepare)) {
  for (const [name, suite] of Object.entries(suites)) {
    if (wanted.length === 0 || wanted.includes(name)) {
      await attempt(name, suite);
    }
  }
}
report();

/** What every suite builds on. */
async function prepare() {
  await rm(results, { recursive: true, force: true });
  await mkdir(results, { recursive: true });
  if (wanted.length > 0 && wanted.every((name) => alone.includes(name))) {
    return [0, 0];
  }
  await installPackages();
  await mustRun('Building the bundles', process.execPath, ['esbuild.mjs', '--production']);
  await buildAddon();
  await getModels([...testModels, defaultModel]);
  return [0, 0];
}

/** Runs one part and notes its counts; what throws is one failure. */
async function attempt(name, part) {
  const start = performance.now();
  console.log(`\n== ${name}`);
  let counts;
  try {
    counts = await part();
  } catch (error) {
    console.error(error instanceof StepError ? error.message : error);
    counts = [0, 1];
  }
  const [passed, failed] = counts;
  totals.push({ name, passed, failed, seconds: (performance.now() - start) / 1000 });
  return failed === 0;
}

function report() {
  console.log('');
  for (const { name, passed, failed, seconds } of totals) {
    console.log(
      `${name.padEnd(8)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed ${seconds.toFixed(0).padStart(5)} s`,
    );
  }
  const sum = (key) => totals.reduce((total, suite) => total + suite[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  process.exitCode = sum('failed') > 0 ? 1 : 0;
}

/** One program that succeeds or fails as a whole. */
async function single(command, args) {
  return (await run(command, args)) === 0 ? [1, 0] : [0, 1];
}

/** The engine's own tests, with the address and undefined-behaviour sanitizers. */
function nativeTests() {
  const junit = join(results, 'native.xml');
  return engineTests(junit, testNative({ junit }));
}

/** Imported when the packages are there. */
async function fuzzTests() {
  const { fuzz } = await import('./workbench/fuzz.mjs');
  const { fuzzSeconds } = await import('./workbench/effort.mjs');
  return fuzz({ seconds: fuzzSeconds });
}

/**
 * The engine's own tests built for 64-bit Arm, on emulated cores with and without what the kernels need, and a model.
 */
async function armTests() {
  const [name] = testModels;
  await buildArmTests({
    recording: await writeAsText(name, join(results, 'oracle.txt')),
    model: listModels().find(({ id }) => id === name).path,
  });
  const totals = [0, 0];
  for (const core of armCores) {
    const junit = join(results, `arm-${core.tables.split(' ')[0]}.xml`);
    const [passed, failed] = await engineTests(junit, runArmTests(core, junit));
    totals[0] += passed;
    totals[1] += failed;
  }
  return totals;
}

async function engineTests(junit, running) {
  const failure = await running.then(
    () => undefined,
    (error) => error,
  );
  if (!existsSync(junit)) {
    throw failure ?? new StepError('The tests of the engine left no report.');
  }
  const counts = await junitCounts(junit);
  return counted(counts, failure === undefined ? 0 : 1);
}

async function junitCounts(file) {
  const head = /<testsuite\b[^>]*>/.exec(await readFile(file, 'utf8'))?.[0] ?? '';
  const number = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const failed = number('failures') + number('errors') + number('disabled') + number('skipped');
  return [number('tests') - failed, failed];
}

async function vitest(name, args) {
  const file = join(results, `${name}.json`);
  const cli = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const code = await run(process.execPath, [
    cli,
    'run',
    ...args,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]);
  if (!existsSync(file)) {
    throw new StepError(`The suite ${name} left no report.`);
  }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(await readFile(file, 'utf8'));
  return counted([numPassedTests, numFailedTests + numPendingTests + numTodoTests], code);
}

/** The pages in a browser, which is installed before several processes look for it at once. */
async function webviewTests() {
  await findBrowser();
  return nodeTests('test/webview');
}

/** Files of node:test in a folder. */
async function nodeTests(folder) {
  const files = existsSync(join(root, folder))
    ? (await readdir(join(root, folder))).filter((file) => file.endsWith('.test.mjs'))
    : [];
  if (files.length === 0) {
    throw new StepError(`There are no tests in ${folder}.`);
  }
  return runNodeTests(files.map((file) => join(folder, file)));
}

/** A suite of its own: its last line is `N passed, N failed`. */
async function script(path) {
  if (!existsSync(join(root, path))) {
    throw new StepError(`${path} is missing.`);
  }
  let output = '';
  const code = await run(process.execPath, [path], { onOutput: (text) => (output += text) });
  const match = /(\d+) passed, (\d+) failed\s*$/.exec(output);
  if (match === null) {
    throw new StepError(`${path} did not end with "N passed, N failed".`);
  }
  return counted([Number(match[1]), Number(match[2])], code);
}
