/**
 * Quantizing beside llama.cpp, from the same file, in turns: `node test/bench/quantize.mjs [OPTION]...`
 *   --models a,b     names or paths; each is written as F16 first, and that is what both read
 *   --types A,B      those that both make
 *   --importance     all types with an importance matrix too, of texts that are not measured
 *   --rounds 3       for the time; a program that starts, reads, writes and ends
 *   --windows 40     of 512 tokens, for perplexity and for the divergence from the F16 file; 0: neither
 *   --pairs N        windows for the ratio of both perplexities, token by token; as many. A difference of some
 *                    thousandths shows only over many, and the F16 file, which is slow, is not needed for it
 *   --threads N      of both; as many as there are CPUs
 *   --output FILE    keeps the Markdown there
 *
 * Perplexity and divergence of both files are computed by Paddock without rounding activations, so that they differ by
 * the weights alone, over text of this repository. llama.cpp is compiled for this processor, once, in the cache folder;
 * it must open every file of ours.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { listModels, testModels } from '../workbench/models.mjs';
import { addonFolder } from '../workbench/native.mjs';
import { StepError, main, root } from '../workbench/process.mjs';
import { cli } from './engines.mjs';
import { installNativeLlama, nativeLlamaVersion } from './native-llama.mjs';
import { median } from './report.mjs';
import { splitTexts } from './texts.mjs';

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: testModels.join(',') },
    types: { type: 'string', default: 'Q4_0,Q4_1,IQ4_NL,Q4_K_S,Q4_K_M,Q5_K_M,Q6_K,Q8_0' },
    importance: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    windows: { type: 'string', default: '40' },
    pairs: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    output: { type: 'string' },
  },
});

await main(async () => {
  const tools = {
    quantize: await installNativeLlama('llama-quantize'),
    bench: await installNativeLlama('llama-bench'),
  };
  const addon = createRequire(import.meta.url)(join(addonFolder, 'paddock.node'));
  const folder = await mkdtemp(join(tmpdir(), 'paddock-quantize-'));
  const lines = [
    `${cpus()[0].model.trim()}, ${options.threads} threads, beside ${nativeLlamaVersion}. Seconds are medians of ${options.rounds} rounds.`,
    '',
    '| model | type | MiB | s | × | perplexity | theirs | ratio ± standard error | KLD | theirs | ratio | types that differ |',
    '|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|',
  ];
  try {
    const texts = splitTexts(folder);
    for (const name of options.models.split(',')) {
      const source = join(folder, 'source.gguf');
      paddock('quantize', find(name), '--type', 'F16', '--out', source, '--force');
      const importance = options.importance
        ? [undefined, importanceOf(source, texts.calibration, folder)]
        : [undefined];
      for (const type of options.types.split(',')) {
        for (const file of importance) {
          const row = compare({ source, type, importance: file, text: texts.measured, folder, tools, addon });
          const label = `${type}${file === undefined ? '' : ' + importance'}`;
          lines.push(`| ${[name, label, ...row].join(' | ')} |`);
          console.error(lines.at(-1));
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const report = `${lines.join('\n')}\n`;
  if (options.output !== undefined) writeFileSync(options.output, report);
  process.stdout.write(report);
});

/** One type, by both: the cells of its row. */
function compare({ source, type, importance, text, folder, tools, addon }) {
  const ours = join(folder, 'ours.gguf');
  const theirs = join(folder, 'theirs.gguf');
  const weights = (flag) => (importance === undefined ? [] : [flag, importance]);
  const seconds = { ours: [], theirs: [] };
  for (let round = 0; round < Number(options.rounds); round += 1) {
    seconds.ours.push(
      timed(() => paddock('quantize', source, '--type', type, '--out', ours, '--force', ...weights('--importance'))),
    );
    const their = [...weights('--imatrix'), source, theirs, type, options.threads];
    seconds.theirs.push(timed(() => run(tools.quantize, their)));
  }
  run(tools.bench, ['-m', ours, '-p', '16', '-n', '0', '-r', '1', '-t', options.threads]);
  const differing = differences(addon, ours, theirs);
  const mine = quality(ours, source, text);
  const other = quality(theirs, source, text);
  const pairs = quality(ours, theirs, text, options.pairs ?? options.windows);
  const fixed = (value, digits) => value?.toFixed(digits) ?? '';
  return [
    (statSync(ours).size / 2 ** 20).toFixed(1),
    median(seconds.ours).toFixed(1),
    (median(seconds.theirs) / median(seconds.ours)).toFixed(2),
    fixed(mine?.perplexity, 4),
    fixed(other?.perplexity, 4),
    pairs === undefined ? '' : `${fixed(pairs.ratio.value, 4)} ± ${fixed(pairs.ratio.error, 4)}`,
    fixed(mine?.kld, 5),
    fixed(other?.kld, 5),
    mine === undefined ? '' : fixed(mine.kld / other.kld, 4),
    differing.length === 0 ? 'none' : differing.join(', '),
  ];
}

/** Perplexity of a file, its divergence from another one, and its perplexity divided by that one's. */
function quality(model, base, text, windows = options.windows) {
  if (Number(windows) === 0) return undefined;
  const { perplexity, divergence } = JSON.parse(
    paddock('perplexity', '--exact', '--model', model, '--against', base, '--file', text, '--limit', windows, '--json'),
  );
  return { perplexity, kld: divergence.kld.value, ratio: divergence.ratio };
}

/** Tensors that the two files keep in different types, as "name ours theirs". */
function differences(addon, ours, theirs) {
  const tensors = (path) => addon.inspect(path).tensors;
  const other = new Map(tensors(theirs).map(({ name, type }) => [name, type]));
  return tensors(ours)
    .filter(({ name, type }) => other.get(name) !== type)
    .map(({ name, type }) => `${name} ${type} ${other.get(name)}`);
}

function importanceOf(source, text, folder) {
  const out = join(folder, 'importance.gguf');
  paddock('importance', text, '--model', source, '--out', out, '--force', '--chunks', '40');
  return out;
}

function find(name) {
  const path = existsSync(name) ? name : listModels().find((entry) => entry.id === name)?.path;
  if (path === undefined) throw new StepError(`Get the model ${name} first: node dist/cli.js models get ${name}`);
  return path;
}

function paddock(...args) {
  const [verb, ...rest] = args;
  return run(process.execPath, [cli, verb, ...rest, '--threads', options.threads]);
}

function run(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new StepError(`${program} ${args.join(' ')} failed:\n${stderr}`);
  return stdout;
}

function timed(work) {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}
