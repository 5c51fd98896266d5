/**
 * Fuzzes everything that reads files of strangers: `npm run fuzz [-- --seconds N] [TARGET]...`, 60 seconds for each by
 * default, two at a time. The engine's targets are libFuzzer's with the address and undefined-behaviour sanitizers,
 * started from files that our own writers make; those of the scripts mutate texts. What fails stays in .cache/fuzz.
 * Ends with `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { buildFuzzTargets, fuzzFolder } from './native.mjs';
import { conclude } from './node-tests.mjs';
import { StepError, cache, main, mustRun, root } from './process.mjs';
import { generator } from './random.mjs';

const work = join(cache, 'fuzz');
/** Each file exports `seeds` and `tryOne`, which throws for what must not happen. */
const scripts = ['template', 'json-lines'];

/** Fuzzes for `seconds` each and resolves with how many targets found nothing, and how many something. */
export async function fuzz({ seconds = 60, names = [] } = {}) {
  await buildFuzzTargets();
  await mkdir(work, { recursive: true });
  await mustRun('Writing the seeds', join(fuzzFolder, 'seeds'), [join(work, 'seeds')]);
  const native = (await readdir(fuzzFolder)).filter((name) => name.endsWith('_fuzz')).map((name) => name.slice(0, -5));
  const all = [...native.map((name) => [name, fuzzNative]), ...scripts.map((name) => [name, fuzzScript])];
  const unknown = names.find((name) => !all.some(([known]) => known === name));
  if (unknown !== undefined) {
    throw new StepError(`There is no target ${unknown}. Known: ${all.map(([name]) => name).join(', ')}.`);
  }
  const wanted = all.filter(([name]) => names.length === 0 || names.includes(name));
  const failed = [];
  const worker = async () => {
    for (let next = wanted.shift(); next !== undefined; next = wanted.shift()) {
      const [name, one] = next;
      if (!(await one(name, seconds))) failed.push(name);
    }
  };
  const count = wanted.length;
  await Promise.all([worker(), worker()]);
  return [count - failed.length, failed.length];
}

async function fuzzNative(name, seconds) {
  const corpus = join(work, `${name}-corpus`);
  await mkdir(corpus, { recursive: true });
  let output = '';
  const options = [
    `-max_total_time=${seconds}`,
    '-timeout=10',
    '-rss_limit_mb=2048',
    '-malloc_limit_mb=1024',
    '-print_final_stats=1',
    '-verbosity=1',
    `-artifact_prefix=${join(work, `${name}-`)}`,
  ];
  const program = join(fuzzFolder, `${name}_fuzz`);
  const child = spawn(program, [...options, corpus, join(work, 'seeds', name)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const [code] = await once(child, 'close');
  const executions = /stat::number_of_executed_units:\s*(\d+)/.exec(output)?.[1];
  const coverage = [...output.matchAll(/ cov: (\d+) ft: (\d+)/g)].at(-1);
  console.log(
    `${name.padEnd(12)} ${executions ?? '?'} executions, ${coverage?.[1] ?? '?'} edges, ${coverage?.[2] ?? '?'} features`,
  );
  if (code !== 0) console.error(output.slice(-6000));
  return code === 0;
}

async function fuzzScript(name, seconds) {
  const outfile = join(work, `${name}.mjs`);
  const entry = join(root, 'test', 'workbench', 'fuzz', `${name}.ts`);
  await build({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' });
  const { seeds, tryOne } = await import(pathToFileURL(outfile).href);
  const random = generator(Date.now());
  const end = Date.now() + seconds * 1000;
  const corpus = [...seeds];
  let executions = 0;
  for (; Date.now() < end; executions += 1) {
    const input = mutate(corpus, random);
    try {
      await tryOne(input);
      if (corpus.length < 2000 && random(20) === 0) corpus.push(input);
    } catch (error) {
      const path = join(work, `${name}-crash`);
      await writeFile(path, input);
      console.error(`${name}: ${String(error?.stack ?? error)}\nThe input is in ${path}.`);
      return false;
    }
    if (executions % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  console.log(`${name.padEnd(12)} ${executions} executions, ${corpus.length - seeds.length} inputs kept`);
  return true;
}

/** A text made of pieces of others, with some characters changed. */
function mutate(corpus, random) {
  const pick = () => corpus[random(corpus.length)] ?? '';
  let text = pick();
  for (let round = 1 + random(4); round > 0; round -= 1) {
    const [from, to] = [random(text.length + 1), random(text.length + 1)].sort((a, b) => a - b);
    const other = pick();
    const start = random(other.length + 1);
    const piece = other.slice(start, start + random(40));
    const kinds = [
      () => text.slice(0, from) + text.slice(to),
      () => text.slice(0, from) + piece + text.slice(from),
      () => text.slice(0, from) + text.slice(from, to).repeat(1 + random(3)) + text.slice(to),
      () =>
        text.slice(0, from) + String.fromCodePoint(1 + random(random(2) === 0 ? 127 : 0xd7ff)) + text.slice(from + 1),
    ];
    text = kinds[random(kinds.length)]().slice(0, 20_000);
  }
  return text;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values, positionals } = parseArgs({ options: { seconds: { type: 'string' } }, allowPositionals: true });
  await main(async () => conclude(await fuzz({ seconds: Number(values.seconds ?? 60), names: positionals })));
}
