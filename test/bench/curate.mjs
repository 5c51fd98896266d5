/**
 * Measures the curation: `node test/bench/curate.mjs [OPTION]...`
 *   --each 2000          records of each planted defect
 *   --records 1000000    synthetic records for time and memory; 0 = none
 *   --data DIR           real data: DIR/self-instruct/{seed_tasks,user_oriented_instructions}.jsonl lend instructions
 *   and
 *                        are the evaluation set, DIR/p3/p3_sample.jsonl is the source that must be found
 *   --model M            lengths in tokens of this model
 *
 * Prints recall and precision of every defect, then time and peak memory of a run over many records. Runs the built
 * terminal program (`npm run build`) in a process of its own.
 */
import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { StepError, main, root } from '../workbench/process.mjs';
import { Corpus, makeEvaluation, plantDefects, score } from './curate-corpus.mjs';

await main(async () => {
  const { values } = parseArgs({
    options: {
      each: { type: 'string', default: '2000' },
      records: { type: 'string', default: '1000000' },
      data: { type: 'string' },
      model: { type: 'string' },
    },
  });
  const folder = await mkdtemp(join(tmpdir(), 'paddock-curate-'));
  try {
    if (Number(values.each) > 0) await measureDefects(folder, Number(values.each), values);
    if (Number(values.records) > 0) await measureScale(folder, Number(values.records));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function measureDefects(folder, each, { data, model }) {
  await mkdir(join(folder, 'in'));
  const real = data === undefined ? undefined : await realData(folder, data);
  const corpus = new Corpus({ seed: 11, lent: real?.instructions });
  const evaluation = real?.evaluation ?? makeEvaluation(corpus, 250);
  const entries = plantDefects(corpus, each, evaluation);
  const planted = await writeLines(
    join(folder, 'in', 'planted.jsonl'),
    entries.map(({ record }) => record),
  );
  const evalFile = real?.evalFile ?? (await writeLines(join(folder, 'in', 'eval.jsonl'), evaluation));
  const templates =
    real?.p3 ??
    (await writeLines(
      join(folder, 'in', 'templates.jsonl'),
      Array.from({ length: 3000 }, () => corpus.templated()),
    ));
  const inputs = [planted, ...(real ? [real.seeds] : []), templates];
  const { report, seconds, peakBytes } = await curate([
    ...inputs,
    '--out',
    join(folder, 'out'),
    '--eval',
    evalFile,
    ...(model === undefined ? [] : ['--model', model]),
  ]);
  const attributes = await readLines(join(folder, 'out', 'attributes.jsonl'));
  // Real seeds count as clean: whatever is found in them lowers the precision.
  const seeds = attributes.filter(({ id }) => id.startsWith('seed_tasks')).map(() => ({ defect: 'clean' }));
  console.log(`\n## Planted defects, ${each} of each${data === undefined ? '' : ', with real seeds and P3'}\n`);
  console.log('| defect | planted | recall | precision |\n|---|--:|--:|--:|');
  for (const row of score([...entries, ...seeds], attributes)) {
    console.log(`| ${row.defect} | ${row.planted} | ${percent(row.recall)} | ${percent(row.precision)} |`);
  }
  console.log(`\nFunnel: ${report.funnel.map(({ left }) => left).join(' -> ')}`);
  for (const source of report.sources) {
    const { records, medianAnswerWords, outlierIn, recommendDrop } = source;
    console.log(
      `Source ${source.source}: ${records} records, median answer ${medianAnswerWords} words, ${recommendDrop ? 'DROP' : 'keep'} (${outlierIn.join(', ')})`,
    );
  }
  console.log(`${report.records} records in ${seconds.toFixed(1)} s, peak memory ${(peakBytes / 1e6).toFixed(0)} MB`);
}

async function realData(folder, data) {
  const [seeds, evalFile, p3] = [
    'self-instruct/seed_tasks.jsonl',
    'self-instruct/user_oriented_instructions.jsonl',
    'p3/p3_sample.jsonl',
  ].map((name) => {
    const path = join(data, name);
    if (!existsSync(path)) throw new StepError(`There is no ${path}.`);
    return path;
  });
  // The planted leaks need questions and answers, whatever the file calls them.
  const evaluation = (await readLines(evalFile)).map(({ instruction, instances: [{ input, output }] }) => ({
    prompt: input === '' ? instruction : `${instruction}\n\n${input}`,
    response: output,
  }));
  const copy = join(folder, 'in', 'seed_tasks.jsonl');
  await copyFile(seeds, copy);
  return {
    seeds: copy,
    evalFile,
    p3,
    evaluation,
    instructions: (await readLines(seeds)).map(({ instruction }) => instruction),
  };
}

async function measureScale(folder, count) {
  const input = join(folder, 'many.jsonl');
  const corpus = new Corpus({ seed: 5 });
  const out = createWriteStream(input);
  let bytes = 0;
  let before = corpus.clean();
  for (let written = 0; written < count;) {
    const lines = [];
    for (let line = 0; line < 500 && written < count; line++, written++) {
      const record = mixed(corpus, written, before);
      lines.push(JSON.stringify(record));
      if (written % 40 === 0) before = record;
    }
    const text = `${lines.join('\n')}\n`;
    bytes += text.length;
    if (!out.write(text)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
  console.log(`\n## Scale\n\n${count} records, ${(bytes / 1e9).toFixed(2)} GB`);
  const { report, seconds, peakBytes } = await curate([input, '--out', join(folder, 'many')]);
  console.log(`Funnel: ${report.funnel.map(({ left }) => left).join(' -> ')}`);
  console.log(`Recommended for dropping: ${report.recommendation.drop.join(', ') || 'none'}`);
  console.log(`Pairs compared: ${report.duplicates.compared}, searches cut short: ${report.duplicates.skipped}`);
  console.log(`${report.records} records in ${seconds.toFixed(1)} s, peak memory ${(peakBytes / 1e6).toFixed(0)} MB`);
}

/**
 * Most are clean; one in ten comes from templates, one in twenty repeats an earlier one, exactly or with a word more.
 */
function mixed(corpus, index, before) {
  if (index % 10 === 3) return corpus.templated();
  if (index % 40 === 7) return before;
  if (index % 40 === 27) return { ...before, prompt: `${corpus.word()} ${before.prompt}` };
  return corpus.clean(index % 2 === 0 ? 'answers' : 'questions');
}

/** One run of the program, with the highest memory that the system saw it use. */
async function curate(args) {
  const start = performance.now();
  const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), 'curate', ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let peakBytes = 0;
  const watch = setInterval(() => (peakBytes = Math.max(peakBytes, highWater(child.pid))), 100);
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  const [code] = await once(child, 'close');
  clearInterval(watch);
  if (code !== 0) throw new StepError(`paddock curate ended with ${code}.`);
  return { report: JSON.parse(out), seconds: (performance.now() - start) / 1000, peakBytes };
}

function highWater(pid) {
  try {
    const line = /VmHWM:\s+(\d+) kB/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(line?.[1] ?? 0) * 1024;
  } catch {
    // Not Linux, or it has just ended.
    return 0;
  }
}

async function readLines(path) {
  const values = [];
  for await (const line of createInterface({ input: createReadStream(path) })) values.push(JSON.parse(line));
  return values;
}

async function writeLines(path, values) {
  await writeFile(path, `${values.map((value) => JSON.stringify(value)).join('\n')}\n`);
  return path;
}

function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}
