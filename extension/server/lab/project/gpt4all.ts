/**
 * GPT4All's road of 2023 at the scale of a laptop: a teacher answers questions, a mix with a source like P3 in it is
 * curated, a small model is trained, quantized and compared with what it was. The real numbers of 2023 (800,000 pairs,
 * a
 * model of 7 billion weights, eight large GPUs) would take this computer years.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabProject } from '../../../protocol/lab.ts';
import { EngineError } from '../../engine/errors.ts';

export const scales = ['laptop', 'smoke'] as const;
export type Scale = (typeof scales)[number];

export interface Gpt4AllOptions {
  readonly scale: Scale;
  /** Where the data of others lie. */
  readonly data: string;
  /** Folders of code that the teacher is asked about too. */
  readonly code: readonly string[];
  readonly base: string | undefined;
  readonly teacher: string | undefined;
  readonly seed: number;
}

/** Throws `notFound` with what is missing and where it comes from. */
export async function gpt4AllProject(options: Gpt4AllOptions): Promise<LabProject> {
  const { scale, code, seed } = options;
  const { seeds, p3, tasks } = await findData(options.data);
  const laptop = scale === 'laptop';
  const base = options.base ?? 'smollm2-135m-instruct';
  const teacher = options.teacher ?? (laptop ? 'qwen2.5-coder-1.5b-instruct' : base);
  return {
    version: 1,
    title: `GPT4All on a laptop${laptop ? '' : ', smoke test'}`,
    base,
    questions: {
      files: [seeds],
      code,
      teacher,
      limit: laptop ? 120 : 6,
      maxTokens: laptop ? 512 : 32,
      temperature: 0.3,
    },
    records: [seeds, p3],
    tasks,
    curate: { dropSources: [], dropRecommended: true, dropIds: [], validShare: 0.05 },
    train: { preset: 'laptop', epochs: laptop ? 3 : 1, learningRate: 3e-4 },
    quantization: 'Q4_1',
    seed,
  };
}

const wanted = {
  seeds: {
    pattern: /^seed_tasks\.jsonl$/u,
    what: 'seed_tasks.jsonl (175 tasks; data/ of the repository yizhongw/self-instruct on GitHub)',
  },
  tasks: {
    pattern: /^user_oriented_instructions\.jsonl$/u,
    what: 'user_oriented_instructions.jsonl (252 tasks; human_eval/ of the same repository)',
  },
  p3: {
    pattern: /^p3.*\.(?:jsonl|parquet)$/iu,
    what: 'p3*.jsonl or p3*.parquet (some thousand records of bigscience/P3 on Hugging Face, with prompt and response)',
  },
} as const;

async function findData(folder: string): Promise<Record<keyof typeof wanted, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw new EngineError('notFound', `${folder} does not exist or cannot be read.`, error);
  });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => ({ name: entry.name, path: join(entry.parentPath, entry.name) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const find = (name: keyof typeof wanted): string | undefined =>
    files.find((file) => wanted[name].pattern.test(file.name))?.path;
  const [seeds, tasks, p3] = [find('seeds'), find('tasks'), find('p3')];
  if (seeds === undefined || tasks === undefined || p3 === undefined) {
    const missing = (['seeds', 'tasks', 'p3'] as const).filter((name) => find(name) === undefined);
    throw new EngineError(
      'notFound',
      `${folder} and the folders in it lack:\n${missing.map((name) => `  ${wanted[name].what}`).join('\n')}\nPaddock loads nothing from the network but models: put the files there yourself.`,
    );
  }
  return { seeds, tasks, p3 };
}
