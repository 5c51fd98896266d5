/**
 * HumanEval: does generated code pass the tests of its task? Uses EvalPlus's chat prompt, so that figures compare. The
 * answer is a code block, which runs in a sandbox.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from '../../../engine/generate.ts';
import { completeSampler, editSampler } from '../../../engine/sampling.ts';
import { encodeConversation } from '../../../prompt/encode.ts';
import type { Item } from '../../curate/input-item.ts';
import { readTasks } from '../data-file.ts';
import type { Metric, TaskResult } from '../metric.ts';
import { mean } from '../statistics.ts';
import type { Sandbox } from './isolate.ts';
import { runProgram } from './run-program.ts';

export interface HumanEvalTask {
  readonly id: string;
  readonly prompt: string;
  readonly entryPoint: string;
  readonly test: string;
}

export interface HumanEvalOptions {
  readonly sandbox: Sandbox;
  readonly samples: number;
  /** 0 always takes the likeliest token. */
  readonly temperature: number;
  readonly maxTokens: number;
  readonly seed: number;
  /** pass@k for each of these. */
  readonly ks: readonly number[];
}

/** `raw` is 1 for passed and 0 for not. */
export function humanEval(options: HumanEvalOptions): Metric<HumanEvalTask> {
  const { samples, temperature, maxTokens, sandbox, ks } = options;
  return {
    id: 'humaneval',
    definition: `Share of tasks whose tests pass. ${samples} answer${samples === 1 ? '' : 's'} each at temperature ${temperature}, at most ${maxTokens} tokens, in a Python block of the model's chat template; the program is what stands before the function in the prompt, the answer and the tests; 3 s, 1 GiB; ${sandbox.isolated ? 'isolated, no network' : 'NOT isolated'}.`,
    higherIsBetter: true,
    unit: 'share of answers that pass',
    range: [0, 1],
    samples,
    read: (path) => readTasks(path, toTask),
    idOf: ({ id }) => id,
    weightOf: () => 1,
    evaluate: async (model, task, sample, signal): Promise<TaskResult> => {
      const content = `Please provide a self-contained Python script that solves the following problem in a markdown code block:\n\`\`\`python\n${task.prompt.trim()}\n\`\`\``;
      const prompt = encodeConversation(model, [{ role: 'user', content }], '```python\n');
      if (prompt.length + 1 >= model.info.contextLength) {
        return { raw: null, tokens: 0, excluded: 'tooLong' };
      }
      const sampler = completeSampler({ temperature, topP: 0.95, seed: options.seed + sample }, editSampler);
      const answer = await generate(model, { prompt, maxTokens, sampler, stop: ['\n```'] }, { signal });
      signal.throwIfAborted();
      const folder = await mkdtemp(join(tmpdir(), 'paddock-run-'));
      try {
        const { passed, outcome } = await runProgram(sandbox, toProgram(task, answer.text), folder, signal);
        const detail = { completion: answer.text, finishReason: answer.finishReason, outcome };
        return { raw: passed ? 1 : 0, tokens: answer.tokens.length, detail };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    toValue: (results) => {
      const raws = results.map(({ raw }) => raw).filter((raw) => raw !== null);
      return raws.length === 0 ? undefined : mean(raws);
    },
    total: (results) => {
      const counted = results.map((list) => list.map(({ raw }) => raw).filter((raw) => raw !== null));
      const passed = (list: readonly number[]): number => list.filter((raw) => raw === 1).length;
      return Object.fromEntries(
        ks.map((k) => [`pass@${k}`, mean(counted.map((list) => passAtK(list.length, passed(list), k)))]),
      );
    },
  };
}

/** An unbiased estimate of how likely one of k answers passes, from n of which c do: 1 - C(n - c, k) / C(n, k). */
export function passAtK(n: number, c: number, k: number): number {
  if (n - c < k) {
    return n >= k ? 1 : Number.NaN;
  }
  let none = 1;
  for (let i = n - c + 1; i <= n; i++) {
    none *= 1 - k / i;
  }
  return 1 - none;
}

/** Imports and helpers that the prompt gives come first, since an answer may rely on them. */
export function toProgram({ prompt, entryPoint, test }: HumanEvalTask, answer: string): string {
  const begin = prompt.search(new RegExp(`^def ${entryPoint}\\b`, 'mu'));
  return [prompt.slice(0, Math.max(0, begin)), answer, test, `check(${entryPoint})`].join('\n\n');
}

function toTask({ value }: Item): HumanEvalTask[] | undefined {
  const { task_id: id, prompt, entry_point: entryPoint, test } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const texts = [id, prompt, entryPoint, test].every((text) => typeof text === 'string');
  // The name goes into the program that is run.
  return texts && /^[A-Za-z_]\w*$/u.test(entryPoint as string)
    ? [{ id: id as string, prompt: prompt as string, entryPoint: entryPoint as string, test: test as string }]
    : undefined;
}
