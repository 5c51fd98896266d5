/**
 * Speed against llama.cpp, on this machine, now: `npm run bench -- [--model NAME] [--prompt 512] [--generate 64]
 * [--threads N] [--repeat 5] [--llama-bench PATH]`.
 *
 * Ours and theirs run in turns, each in a process of its own, and the report gives medians, spreads and the ratio of
 * medians, beside the machine's own limits measured in the same runs. Nothing else should run meanwhile: one busy
 * process beside it slows llama.cpp many times more than this engine. `--llama-bench` adds a llama.cpp that was built
 * on this machine.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cache, main, mustRun, root } from '../workbench/process.mjs';

const rivalVersion = '3.22.1';
const cli = join(root, 'dist', 'cli.js');

await main(async () => {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'qwen2.5-coder-1.5b-instruct' },
      prompt: { type: 'string', default: '512' },
      generate: { type: 'string', default: '64' },
      threads: { type: 'string', default: '0' },
      repeat: { type: 'string', default: '5' },
      'llama-bench': { type: 'string' },
    },
  });
  const threads = Number(values.threads) || cpus().length;
  const model = modelPath(values.model);
  const rival = await installRival();
  const samples = { ours: [], 'node-llama-cpp': [], ...(values['llama-bench'] ? { 'llama-bench': [] } : {}) };
  const limits = [];
  for (let i = 0; i < Number(values.repeat); i += 1) {
    const mine = json(process.execPath, [
      cli,
      'bench',
      '--json',
      '--model',
      model,
      '--prompt',
      values.prompt,
      '--generate',
      values.generate,
      '--threads',
      String(threads),
      '--repeat',
      '1',
    ]);
    const rate = (test) => mine.rows.find((row) => row.test === test).tokensPerSecond;
    samples.ours.push({ prefill: rate('prefill'), decode: rate('decode') });
    limits.push({
      readBandwidth: mine.readBandwidth,
      int8Peak: mine.int8Peak,
      loadMs: mine.loadMs,
      peakRssBytes: mine.peakRssBytes,
      kernels: mine.kernels,
    });
    samples['node-llama-cpp'].push(
      json(process.execPath, [
        join(root, 'test/bench/rival.mjs'),
        rival,
        model,
        values.prompt,
        values.generate,
        String(threads),
      ]),
    );
    if (values['llama-bench']) {
      const rows = json(values['llama-bench'], [
        '-m',
        model,
        '-p',
        values.prompt,
        '-n',
        values.generate,
        '-t',
        String(threads),
        '-r',
        '1',
        '-fa',
        '1',
        '-o',
        'json',
      ]);
      samples['llama-bench'].push({
        prefill: rows.find((r) => r.n_prompt > 0).avg_ts,
        decode: rows.find((r) => r.n_gen > 0).avg_ts,
      });
    }
    console.error(
      `round ${i + 1} of ${values.repeat}: ${Object.entries(samples)
        .map(([name, s]) => `${name} ${s.at(-1).prefill.toFixed(1)}/${s.at(-1).decode.toFixed(1)}`)
        .join('  ')}`,
    );
  }
  const report = {
    model: values.model,
    prompt: Number(values.prompt),
    generate: Number(values.generate),
    threads,
    cpu: cpus()[0].model,
    date: new Date().toISOString(),
    rivalVersion,
    samples,
    limits,
  };
  const folder = join(cache, 'bench');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, 'latest.md'), markdown(report));
  console.log(markdown(report));
});

function modelPath(name) {
  if (existsSync(name)) return name;
  const entry = json(process.execPath, [cli, 'models', 'list', '--json']).entries.find(({ id }) => id === name);
  if (!entry?.path) throw new Error(`The model ${name} is not there: run \`node dist/cli.js models get ${name}\`.`);
  return entry.path;
}

/** node-llama-cpp with its prebuilt engine, in the cache folder. */
async function installRival() {
  const folder = join(cache, 'rival', rivalVersion);
  if (!existsSync(join(folder, 'node_modules', 'node-llama-cpp'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private": true}');
    await mustRun(
      'Installing node-llama-cpp',
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', `node-llama-cpp@${rivalVersion}`],
      { cwd: folder },
    );
  }
  return folder;
}

function json(command, args) {
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stderr}`);
  return JSON.parse(stdout.slice(stdout.search(/[[{]/)));
}

function markdown({ model, prompt, generate, threads, cpu, date, samples, limits }) {
  const lines = [
    `${model}, ${threads} threads, ${cpu}, kernels ${limits[0].kernels ?? ''}, ${date.slice(0, 10)}`,
    '',
    `| engine | prefill ${prompt} (tokens/s: median, min-max) | decode ${generate} | ratio to ours (prefill, decode) |`,
    '|---|---|---|---|',
  ];
  const ours = samples.ours;
  for (const [name, list] of Object.entries(samples)) {
    const cell = (key) =>
      `${median(list, key).toFixed(1)}, ${Math.min(...list.map((s) => s[key])).toFixed(1)}-${Math.max(...list.map((s) => s[key])).toFixed(1)}`;
    const ratio = (key) => (median(ours, key) / median(list, key)).toFixed(2);
    lines.push(`| ${name} | ${cell('prefill')} | ${cell('decode')} | ${ratio('prefill')}, ${ratio('decode')} |`);
  }
  lines.push(
    '',
    `Machine: reads ${(median(limits, 'readBandwidth') / 1e9).toFixed(1)} GB/s, int8 peak ${(median(limits, 'int8Peak') / 1e9).toFixed(0)} GOPS. Load ${median(limits, 'loadMs').toFixed(0)} ms, peak ${(median(limits, 'peakRssBytes') / 2 ** 20).toFixed(0)} MiB.`,
    '',
  );
  return lines.join('\n');
}

function median(list, key) {
  const sorted = list.map((s) => s[key]).sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
