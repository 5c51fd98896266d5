/**
 * Training beside PyTorch and PEFT on the same shapes: rounds in turns, medians, ratios, memory. Linux, since it reads
 * peaks from /proc.
 *   node test/bench/train.mjs --python PYTHON [--models a,b] [--rounds N] [--tokens N] [--targets qv|all] [--seconds N]
 * PYTHON is one with torch, transformers and peft.
 */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { listModels } from '../workbench/models.mjs';

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    models: {
      type: 'string',
      default: 'smollm2-135m-instruct,qwen2.5-coder-0.5b-instruct,qwen2.5-coder-1.5b-instruct',
    },
    rounds: { type: 'string', default: '3' },
    tokens: { type: 'string', default: '512' },
    targets: { type: 'string', default: 'qv' },
    rank: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    precisions: { type: 'string', default: 'bfloat16' },
  },
});
const { tokens, rank, targets, seconds, threads } = values;
const addon = createRequire(import.meta.url)(
  new URL(`../../dist/native/${process.platform}-${process.arch}/paddock.node`, import.meta.url).pathname,
);
const here = (name) => new URL(name, import.meta.url).pathname;
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

console.log(`${cpus()[0].model}, ${threads} threads, rank ${rank} on ${targets}, ${tokens} tokens a step\n`);
console.log('| model | program | tokens/s median (least - most) | ratio | peak MiB | share |');
console.log('|---|---|---|---|---|---|');
for (const name of values.models.split(',')) {
  const path = listModels().find((entry) => entry.id === name)?.path;
  if (path === undefined) throw new Error(`Get the model ${name} first: node dist/cli.js models get ${name}`);
  const shape = JSON.stringify(shapeOf(path));
  const rivals = values.python === undefined ? [] : values.precisions.split(',');
  const runs = new Map([['Paddock', []], ...rivals.map((precision) => [precision, []])]);
  for (let round = 0; round < Number(values.rounds); round++) {
    runs
      .get('Paddock')
      .push(run(process.execPath, [here('train-own.mjs'), path, tokens, rank, targets, seconds, threads]));
    for (const precision of rivals) {
      runs
        .get(precision)
        .push(run(values.python, [here('train_peft.py'), shape, precision, tokens, rank, targets, seconds, threads]));
    }
  }
  const speed = (program) => runs.get(program).flatMap((result) => result.tokensPerSecond);
  const peak = (program) => Math.max(...runs.get(program).map((result) => result.peakBytes));
  for (const program of runs.keys()) {
    const all = speed(program);
    const ratio = program === 'Paddock' ? '' : `${(median(speed('Paddock')) / median(all)).toFixed(2)}x`;
    const share = program === 'Paddock' ? '' : (peak('Paddock') / peak(program)).toFixed(2);
    console.log(
      `| ${name} | ${program} | ${median(all).toFixed(1)} (${Math.min(...all).toFixed(1)} - ${Math.max(...all).toFixed(1)}) | ${ratio} | ${(peak(program) / 2 ** 20).toFixed(0)} | ${share} |`,
    );
  }
}

function run(program, args) {
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
}

function shapeOf(path) {
  const { architecture, metadata, tensors } = addon.inspect(path);
  const of = (key) => metadata[`${architecture}.${key}`];
  return {
    architecture,
    layers: of('block_count'),
    hidden: of('embedding_length'),
    feedForward: of('feed_forward_length'),
    heads: of('attention.head_count'),
    kvHeads: of('attention.head_count_kv'),
    headSize: of('attention.key_length'),
    vocabulary: tensors.find((tensor) => tensor.name === 'token_embd.weight').shape[1],
  };
}
