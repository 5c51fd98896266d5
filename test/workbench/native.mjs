/**
 * Builds the engine: `node test/workbench/native.mjs` makes the addon for this machine in dist/native, `--test`
 * builds the engine's own tests with sanitizers and runs them (`--preset NAME` for another preset,
 * `--junit FILE` for a report).
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { main, mustRun, need, root } from './process.mjs';

const native = join(root, 'native');
export const addonFolder = join(root, 'dist', 'native', `${process.platform}-${process.arch}`);

/** Builds the addon of this machine. */
export async function buildAddon() {
  await needTools();
  await configure('release', [
    '-DPADDOCK_BUILD_BINDING=ON',
    `-DNODE_API_HEADERS_DIR=${join(root, 'node_modules', 'node-api-headers', 'include')}`,
    `-DNODE_ADDON_API_DIR=${join(root, 'node_modules', 'node-addon-api')}`,
    `-DPADDOCK_ADDON_DIR=${addonFolder}`,
  ]);
  await build('release', ['--target', 'paddock_node']);
}

/**
 * The build with sanitizers. On Linux it is clang's and has the fuzz targets too: one build serves both suites, and
 * clang needs half of the time that GCC needs for it.
 */
const sanitized = process.platform === 'linux' ? 'fuzz' : 'asan';

/** Builds and runs the engine's own tests. */
export async function testNative({ preset = sanitized, junit } = {}) {
  await buildTests(preset, []);
  await runTests(preset, junit);
}

/** Where the fuzz targets are. */
export const fuzzFolder = join(root, 'build', 'native-fuzz', 'fuzz');

/** Builds the fuzz targets with clang; nothing is left to do after `testNative`. */
export async function buildFuzzTargets() {
  await buildTests('fuzz', []);
}

async function buildTests(preset, definitions, targets = []) {
  await needTools();
  if (preset === 'fuzz') {
    await need([{ programs: ['clang++'], debian: 'clang' }]);
  }
  await configure(preset, definitions);
  await build(preset, targets.length === 0 ? [] : ['--target', ...targets]);
}

/**
 * What emulated cores run: the tests that meet code which depends on the CPU. The rest of the engine is portable C++ on
 * top of that code, and the native suite proves it; to emulate it would only take time.
 */
const armTests = {
  /** The kernels of a table one by one: products, attention, the backward pass, fitting of quantized blocks. */
  kernels: ['kernels_test', 'gradients_test', 'quantize_test'],
  /** Whole passes through models with the table that the core chooses, forward and backward. */
  models: ['laws_test', 'exact_test', 'training_test', 'oracle_test'],
  /** No table, but loops that the compiler turns into vectors (sampler, conversions) and the Arm way to wait. */
  vectors: ['text_test', 'quantize_source_test', 'threads_test'],
};

/**
 * The cores that the tests of the Arm kernels run on, and the tables that each of them must choose from, best first.
 * Every core tests the best of its tables.
 */
export const armCores = [
  { core: 'cortex-a72', tables: 'scalar', tests: [...armTests.kernels, ...armTests.vectors] },
  { core: 'neoverse-n1', tables: 'neondotprod scalar', tests: [...armTests.kernels, ...armTests.models] },
  // All that QEMU knows, so FEAT_I8MM too; a plain hash signs its pointers, since the real one would take most of the
  // time.
  {
    core: 'max,pauth-impdef=on',
    tables: 'neoni8mm neondotprod scalar',
    tests: [...armTests.kernels, ...armTests.models],
  },
];

/**
 * Builds the tests that run on Arm, for `runArmTests`. `oracle` is a recording as text, and the model that was
 * recorded.
 */
export async function buildArmTests(oracle) {
  await need([
    { programs: ['aarch64-linux-gnu-g++'], debian: 'g++-aarch64-linux-gnu' },
    { programs: ['qemu-aarch64'], debian: 'qemu-user' },
  ]);
  const definitions = [`-DPADDOCK_ORACLE=${oracle.recording}`, `-DPADDOCK_ORACLE_MODEL=${oracle.model}`];
  await buildTests('arm64', definitions, Object.values(armTests).flat());
}

/** Runs them as if on one of `armCores`; they fail when they find other tables than these. */
export async function runArmTests({ core, tables, tests }, junit) {
  console.log(`\nOn ${core}, which has the tables ${tables}:`);
  const env = { ...process.env, QEMU_CPU: core, PADDOCK_EXPECT_KERNELS: tables };
  await runTests('arm64', junit, ['--tests-regex', `^(${tests.join('|')})$`], env);
}

/** Runs one test for each CPU at a time; those whose times matter run alone (native/tests/CMakeLists.txt). */
async function runTests(preset, junit, more = [], env = process.env) {
  const report = junit === undefined ? [] : ['--output-junit', junit];
  const parallel = ['--parallel', String(availableParallelism())];
  const args = ['--preset', preset, '--output-on-failure', ...parallel, ...more, ...report];
  await mustRun('The tests of the engine', 'ctest', args, { cwd: native, env });
}

async function configure(preset, definitions) {
  await mustRun(`Configuring the engine (${preset})`, 'cmake', ['--preset', preset, ...definitions], { cwd: native });
}

async function build(preset, more) {
  const jobs = String(availableParallelism());
  await mustRun(
    `Building the engine (${preset})`,
    'cmake',
    ['--build', '--preset', preset, '--parallel', jobs, ...more],
    { cwd: native },
  );
}

async function needTools() {
  const tools = [
    { programs: ['cmake'], debian: 'cmake', windows: 'winget install Kitware.CMake' },
    {
      programs: ['c++', 'g++', 'clang++', 'cl'],
      debian: 'g++',
      darwin: 'xcode-select --install',
      windows: 'winget install Microsoft.VisualStudio.2022.BuildTools',
    },
  ];
  if (presetsUse('Ninja')) {
    tools.push({ programs: ['ninja'], debian: 'ninja-build', windows: 'winget install Ninja-build.Ninja' });
  } else if (process.platform !== 'win32') {
    tools.push({ programs: ['make'], debian: 'make', darwin: 'xcode-select --install' });
  }
  await need(tools);
}

function presetsUse(generator) {
  const presets = readFileSync(join(native, 'CMakePresets.json'), 'utf8');
  return presets.includes(`"generator": "${generator}"`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: { test: { type: 'boolean' }, preset: { type: 'string' }, junit: { type: 'string' } },
  });
  await main(() => (values.test === true ? testNative(values) : buildAddon()));
}
