/**
 * Speed against llama.cpp, on this machine, now: `npm run bench -- [OPTION]...`
 *   --models a,b      names or paths; the models of the catalogue that are installed
 *   --repeat 5        rounds in which the engines take turns
 *   --prompt 512 --generate 64
 *   --long            also with a prompt of 4,096 tokens
 *   --native-llama    also a llama.cpp that is compiled for this processor (built once, in the cache folder)
 *   --llama-bench P   also a llama.cpp of your own: the path of its llama-bench
 *   --threads N       of all engines; the physical cores. Several, as 1,2,4: ours is also measured with each
 *   --busy            each engine also beside one busy process per core
 *   --cancel          how fast ours stops
 *   --output FILE     keeps the Markdown there; Markdown and JSON always go to the cache folder
 *
 * Each measurement is a process of its own, and the report gives medians, spreads and ratios of medians beside the
 * machine's own limits measured in the same runs. Nothing else should run meanwhile: one busy process beside it slows
 * llama.cpp many times more than this engine. That is also why --busy takes long, and --long does with large models;
 * after each model the report so far is saved.
 */
import { createReadStream, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { addonFolder } from '../workbench/native.mjs';
import { StepError, cache, main, outputOf, root } from '../workbench/process.mjs';
import { besideBusyCores } from './busy.mjs';
import { cli, llamaBench, nodeLlama, ours } from './engines.mjs';
import { json } from './json.mjs';
import { installNativeLlama } from './native-llama.mjs';
import { markdown } from './report.mjs';

const addon = join(addonFolder, 'paddock.node');
const cancelTimes = 20;

await main(async () => {
  const options = readOptions();
  const engines = [ours, await nodeLlama()];
  if (options.llamaBench !== undefined) engines.push(llamaBench(options.llamaBench, 'llama-bench'));
  if (options.nativeLlama) engines.push(llamaBench(await installNativeLlama()));
  const report = {
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0].model.trim(),
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      system: `${type()} ${release()}`,
    },
    versions: versions(),
    threads: options.threads,
    models: [],
  };
  for (const { name, path } of await models(options.models)) {
    await read(path);
    report.models.push(await measureModel(name, path, engines, options));
    // After each model: what took an hour must not be lost with the next one.
    save(report, options.output);
  }
  process.stdout.write(markdown(report));
});

function readOptions() {
  const { values } = parseArgs({
    options: {
      models: { type: 'string' },
      repeat: { type: 'string', default: '5' },
      prompt: { type: 'string', default: '512' },
      generate: { type: 'string', default: '64' },
      long: { type: 'boolean', default: false },
      'native-llama': { type: 'boolean', default: false },
      'llama-bench': { type: 'string' },
      threads: { type: 'string' },
      busy: { type: 'boolean', default: false },
      cancel: { type: 'boolean', default: false },
      output: { type: 'string' },
    },
  });
  const sweep = (values.threads?.split(',') ?? []).map((text) => positive('threads', text));
  const tests = [{ prompt: positive('prompt', values.prompt), generate: positive('generate', values.generate) }];
  if (values.long) tests.push({ ...tests[0], prompt: 4096 });
  return {
    models: values.models?.split(','),
    repeat: positive('repeat', values.repeat),
    tests,
    nativeLlama: values['native-llama'],
    llamaBench: values['llama-bench'],
    threads: sweep.length === 1 ? sweep[0] : createRequire(import.meta.url)(addon).systemInfo().physicalCores,
    sweep: sweep.length > 1 ? sweep : [],
    busy: values.busy,
    cancel: values.cancel,
    output: values.output,
  };
}

async function measureModel(name, path, engines, options) {
  const model = { name, fileBytes: statSync(path).size, tests: [] };
  // Not counted: the first process pays for memory that a virtual machine has given back to its host while it was idle.
  for (const { measure } of engines) {
    await measure(path, { prompt: 64, generate: 4 }, options.threads);
  }
  model.loads = await loads(name, path, model.fileBytes, options);
  for (const test of options.tests) {
    const rounds = (title) => inTurns(title, path, engines, test, options);
    model.tests.push({ ...test, quiet: await rounds(`${name}, prompt of ${test.prompt}`) });
  }
  if (options.busy) {
    // The short test is enough: the share that is lost does not depend on the length.
    const [test] = options.tests;
    const title = `${name}, prompt of ${test.prompt}, beside busy cores`;
    model.tests[0].busy = await besideBusyCores(() => inTurns(title, path, engines, test, options));
  }
  if (options.sweep.length > 0) {
    model.sweep = await sweepThreads(name, path, options);
  }
  if (options.cancel) {
    const program = join(root, 'test', 'bench', 'cancel.mjs');
    const args = [program, addon, path, String(options.threads), String(cancelTimes)];
    model.cancel = (await json(process.execPath, args)).value;
  }
  return model;
}

/** Rounds of one measurement of each engine, so that what else the machine does meets all of them alike. */
async function inTurns(title, path, engines, test, { repeat, threads }) {
  const samples = Object.fromEntries(engines.map(({ name }) => [name, []]));
  for (let round = 1; round <= repeat; round += 1) {
    for (const { name, measure } of engines) {
      const sample = await measure(path, test, threads);
      samples[name].push(sample);
      console.error(
        `${title}, round ${round} of ${repeat}: ${name} ${sample.prefill.toFixed(1)} / ${sample.decode.toFixed(1)}`,
      );
    }
  }
  return samples;
}

/** Twice each: where a host has taken memory back that was free, the first waits for it and the second does not. */
async function loads(name, path, fileBytes, { repeat, threads }) {
  const program = join(root, 'test', 'bench', 'fresh-memory.mjs');
  const fresh = async () => (await json(process.execPath, [program, String(fileBytes)])).value.ms;
  const load = async () => (await ours.measure(path, { prompt: 1, generate: 1 }, threads)).loadMs;
  const samples = [];
  for (let round = 1; round <= repeat; round += 1) {
    const sample = {
      freshFirstMs: await fresh(),
      freshMs: await fresh(),
      loadFirstMs: await load(),
      loadMs: await load(),
    };
    samples.push(sample);
    const ms = [sample.loadFirstMs, sample.loadMs].map((value) => value.toFixed(0));
    console.error(`${name}, loads ${round} of ${repeat}: ${ms.join(' and ')} ms`);
  }
  return samples;
}

async function sweepThreads(name, path, { sweep, repeat, tests }) {
  const rows = sweep.map((threads) => ({ threads, samples: [] }));
  for (let round = 1; round <= repeat; round += 1) {
    for (const { threads, samples } of rows) {
      samples.push(await ours.measure(path, tests[0], threads));
      console.error(`${name}, ${threads} threads, round ${round} of ${repeat}`);
    }
  }
  return rows;
}

/** Those that were asked for, or all of the catalogue that are installed. */
async function models(names) {
  const { entries } = (await json(process.execPath, [cli, 'models', 'list', '--json'])).value;
  const installed = entries.filter(({ source, path }) => source === 'catalogue' && path);
  const found = (names ?? installed.map(({ id }) => id)).map((name) => {
    if (existsSync(name)) return { name: basename(name), path: resolve(name) };
    const path = entries.find(({ id }) => id === name)?.path;
    if (!path) throw new StepError(`The model ${name} is not there: run \`node dist/cli.js models get ${name}\`.`);
    return { name, path };
  });
  if (found.length === 0) throw new StepError('No model is installed: run `node dist/cli.js models get NAME`.');
  return found;
}

function versions() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const commit = outputOf('git', ['-C', root, 'describe', '--always', '--dirty'])?.trim();
  return { Paddock: commit === undefined ? version : `${version} (${commit})`, Node: process.versions.node };
}

/** Brings a file into the page cache: the disk is not what is measured. */
async function read(path) {
  for await (const _ of createReadStream(path, { highWaterMark: 1 << 22 }));
}

function save(report, output) {
  const folder = join(cache, 'bench');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'latest.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(folder, 'latest.md'), markdown(report));
  if (output !== undefined) writeFileSync(output, markdown(report));
}

function positive(name, text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new StepError(`--${name} needs a whole number from 1 on.`);
  return number;
}
