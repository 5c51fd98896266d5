/** The part of "paddock evaluate" that runs what a model wrote: only when the user says so. */
import { rmdirSync } from 'node:fs';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '../server/engine/errors.ts';
import { humanEval } from '../server/lab/evaluate/human-eval/human-eval.ts';
import type { HumanEvalTask } from '../server/lab/evaluate/human-eval/human-eval.ts';
import { findIsolation, findPython, limitsOnly } from '../server/lab/evaluate/human-eval/isolate.ts';
import type { Sandbox } from '../server/lab/evaluate/human-eval/isolate.ts';
import type { Metric } from '../server/lab/evaluate/metric.ts';
import { UsageError, decimal, text, wholeNumber } from './verb.ts';
import type { OptionSpecs, OptionValues, Terminal } from './verb.ts';

export const humanEvalHelp = [
  [
    '--allow-code',
    'humaneval: run the Python that the model writes; DATA is HumanEval.jsonl or .jsonl.gz, which you get yourself',
  ],
  ['--without-isolation', 'humaneval: run it even where it can reach your files and the network'],
  ['--samples N', 'humaneval: answers to each task; 1'],
  ['--temperature T', 'humaneval: 0 with one answer, 0.8 with more'],
  ['--max-tokens N', 'humaneval: the longest answer; 1024'],
] as const;

export const humanEvalSpecs: OptionSpecs = {
  'allow-code': { type: 'boolean' },
  'without-isolation': { type: 'boolean' },
  samples: { type: 'string' },
  temperature: { type: 'string' },
  'max-tokens': { type: 'string' },
};

export async function humanEvalMetric(
  terminal: Terminal,
  values: OptionValues,
): Promise<{ metric: Metric<HumanEvalTask>; settings: Readonly<Record<string, string | number>> }> {
  if (values['allow-code'] !== true) {
    throw new UsageError(
      'humaneval runs Python that the model writes, which may do anything. It runs in a sandbox with limits and without your files or the network. Pass --allow-code to allow it.',
    );
  }
  const samples = wholeNumber(values, 'samples', 1);
  const temperature = decimal(values, 'temperature', samples > 1 ? 0.8 : 0);
  if (samples < 1) {
    throw new UsageError('--samples must be at least 1.');
  }
  if (samples > 1 && temperature === 0) {
    throw new UsageError('--samples above 1 needs a --temperature above 0: all answers would be the same.');
  }
  const maxTokens = wholeNumber(values, 'max-tokens', 1024);
  const sandbox = await findSandbox(terminal, values['without-isolation'] === true);
  const ks = [1, 10, 100].filter((k) => k <= samples);
  const seed = text(values, 'seed') === undefined ? 42 : wholeNumber(values, 'seed', 42);
  return {
    metric: humanEval({ sandbox, samples, temperature, maxTokens, seed, ks }),
    settings: { temperature, maxTokens, isolated: String(sandbox.isolated) },
  };
}

async function findSandbox(terminal: Terminal, insist: boolean): Promise<Sandbox> {
  const python = await findPython(process);
  if (insist) {
    terminal.note('WARNING: the code that the model writes can reach your files and the network.\n');
    return limitsOnly(python);
  }
  // The sandbox mounts over it in its own namespace. Outside, the folder stays empty.
  const root = await mkdtemp(join(tmpdir(), 'paddock-root-'));
  const sandbox = await findIsolation(python, root, process);
  if (sandbox === undefined) {
    await rmdir(root);
    throw new EngineError(
      'invalidArgument',
      'This system offers no isolation for untrusted code: Linux with user namespaces and the programs unshare, setpriv and prlimit are needed. --without-isolation runs the code anyway.',
    );
  }
  process.on('exit', () => {
    try {
      rmdirSync(root);
    } catch {
      // The folder has a file that is not ours.
    }
  });
  terminal.note('WARNING: what the model writes is run: without network, your files and rights, and with limits.\n');
  return sandbox;
}
