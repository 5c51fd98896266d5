/** Merges the adapter into the model and quantizes the result. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../engine/errors.ts';
import { settle } from '../../engine/generate.ts';
import { collectImportance } from '../importance/collect.ts';
import { RemainingTime } from '../remaining-time.ts';
import { required, useModel } from './step.ts';
import type { LabStep, StepHooks, StepOutput, StepOutputs, StepContext } from './step.ts';
import { adapterOf } from './train-step.ts';
import type { ReleaseResult } from './step-results.ts';

export const releaseStep: LabStep<ReleaseResult> = {
  name: 'release',
  inputs: async ({ session, project: { title, quantization } }, { train }) => {
    const types = session.addon().quantizeTypes;
    if (!types.includes(quantization)) {
      throw new EngineError(
        'invalidArgument',
        `The type of the finished model must be one of ${types.join(', ')}, not "${quantization}".`,
      );
    }
    return { trained: train?.id, name: fileName(title, quantization), weighed: true };
  },
  run: async (context, output, before, hooks) => {
    const { session, project } = context;
    const { base, title, quantization } = project;
    await mkdir(output.folder, { recursive: true });
    const path = join(output.folder, fileName(title, quantization));
    const importance = await weigh(context, output, before, hooks);
    const remaining = new RemainingTime(1);
    remaining.start();
    let done = 0;
    const report = await settle(
      session
        .addon()
        .quantize(
          await session.store.resolve(base, context.folder),
          adapterOf(required(before, 'train').folder),
          importance,
          path,
          quantization,
          0,
          (fraction) => {
            remaining.add(fraction - done);
            done = fraction;
            hooks.tell({
              words: 'merging and quantizing',
              fraction: weighingShare + (1 - weighingShare) * fraction,
              remainingSeconds: remaining.seconds(),
            });
          },
        ),
      hooks.signal,
    );
    const { bytes, sourceBytes, bitsPerWeight } = report;
    return { path, bytes, sourceBytes, bitsPerWeight, quantization };
  },
};

const weighingShare = 0.5;
/** 32,000 tokens. More would change the importance matrix little. */
const mostWindows = 64;
const windowTokens = 512;

/**
 * For few bits, computes an importance matrix from the training set. Returns its path; empty when it would not help, or
 * the training set is too short.
 */
async function weigh(context: StepContext, output: StepOutput, before: StepOutputs, hooks: StepHooks): Promise<string> {
  const { session, project } = context;
  if (!/^I?Q[45]/u.test(project.quantization)) {
    return '';
  }
  const out = join(output.folder, 'importance.gguf');
  // Reloads the model, because it may hold sums of a stopped run.
  await session.engine.unload();
  await useModel(context, project.base, hooks);
  try {
    await collectImportance(
      {
        engine: session.engine,
        files: [join(required(before, 'curate').folder, 'train.jsonl')],
        window: windowTokens,
        limit: mostWindows,
        out,
      },
      {
        signal: hooks.signal,
        onProgress: (done, total, remainingSeconds) =>
          hooks.tell({
            words: 'looking at what weights are used for',
            fraction: (weighingShare * done) / total,
            remainingSeconds,
          }),
      },
    );
    return out;
  } catch (error) {
    if (EngineError.is(error, 'invalidArgument')) return '';
    throw error;
  }
}

/** E.g. `my-assistant-q4_k_m.gguf`: what a chat shows as the model's name. */
export function fileName(title: string, quantization: string): string {
  const words = title
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/[^a-z0-9]+/gu, '-')
    .replaceAll(/^-|-$/gu, '');
  return `${words.slice(0, 60) || 'model'}-${quantization.toLowerCase()}.gguf`;
}
