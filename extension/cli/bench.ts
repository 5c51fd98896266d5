import { resourceUsage } from 'node:process';
import type { NativeBenchRow } from '../server/engine/binding.ts';
import { settle } from '../server/engine/generate.ts';
import { loadModel } from './model.ts';
import { UsageError, commonOptions, wholeNumber } from './verb.ts';
import type { Verb } from './verb.ts';

export const bench: Verb = {
  name: 'bench',
  usage: '[--prompt 512] [--generate 64] [--depth N] [--repeat 3]',
  summary: 'speed of the engine on this machine',
  options: [
    ['--prompt N', 'tokens of prefill, from an empty context; 512'],
    ['--generate N', 'tokens to decode; 64'],
    ['--depth N', 'tokens of context before those that are decoded; as many as the prompt'],
    ['--repeat N', 'times each; 3'],
  ],
  specs: {
    prompt: { type: 'string' },
    generate: { type: 'string' },
    depth: { type: 'string' },
    repeat: { type: 'string' },
  },
  run: async (terminal, values) => {
    const prompt = wholeNumber(values, 'prompt', 512);
    const options = {
      prompt,
      depth: wholeNumber(values, 'depth', prompt),
      generate: wholeNumber(values, 'generate', 64),
      repeat: wholeNumber(values, 'repeat', 3),
    };
    if (options.repeat < 1) {
      throw new UsageError('--repeat must be at least 1.');
    }
    const { engine, loadMs } = await loadModel(terminal, { ...commonOptions(values), cache: false });
    const result = await engine.run(terminal.signal, (model, signal) => settle(model.bench(options), signal));
    const { info } = engine;
    const report = {
      ...result,
      loadMs,
      peakRssBytes: resourceUsage().maxRSS * 1024,
      model: info?.name,
      kernels: info?.kernels,
      threads: info?.threads,
      requestedThreads: info?.requestedThreads,
      decodeThreads: info?.decodeThreads,
      prefillThreads: info?.prefillThreads,
    };
    if (values['json'] === true) {
      terminal.out(`${JSON.stringify(report)}\n`);
      return;
    }
    result.rows.forEach((row) =>
      terminal.out(
        `${row.test.padEnd(8)} ${String(row.tokens).padStart(5)} tokens after ${String(row.depth).padStart(5)}  ${row.tokensPerSecond.toFixed(1)} per second, ${share(row)} % of what the machine ${row.test === 'prefill' ? 'computes' : 'reads'} then\n`,
      ),
    );
    terminal.out(
      `load ${(loadMs / 1000).toFixed(2)} s, peak memory ${gib(report.peakRssBytes)} GiB, ${report.decodeThreads} threads (prefill ${report.prefillThreads}), ${report.kernels}\n`,
    );
    terminal.out(
      `machine: reads ${(report.readBandwidth / 1e9).toFixed(1)} GB/s (median ${(report.readBandwidthMedian / 1e9).toFixed(1)}), ${(report.int8Peak / 1e9).toFixed(0)} G int8 operations/s (median ${(report.int8PeakMedian / 1e9).toFixed(0)})\n`,
    );
  },
};

function gib(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(2);
}

/** The share of the machine's limit at that moment that a row has used. */
function share({ tokensPerSecond, cost, limit }: NativeBenchRow): string {
  return ((100 * tokensPerSecond * cost) / limit).toFixed(0);
}
