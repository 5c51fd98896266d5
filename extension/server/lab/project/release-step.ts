/** The adapter is merged into the model, and the model written in few bits. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../engine/errors.ts';
import { settle } from '../../engine/generate.ts';
import { collectImportance } from '../importance/collect.ts';
import { Remaining } from '../remaining.ts';
import { required, useModel } from './step.ts';
import type { LabStep, StepHooks, StepPlace, StepPlaces, Workshop } from './step.ts';
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
  run: async (workshop, place, before, hooks) => {
    const { session, project } = workshop;
    const { base, title, quantization } = project;
    await mkdir(place.folder, { recursive: true });
    const path = join(place.folder, fileName(title, quantization));
    const importance = await weigh(workshop, place, before, hooks);
    const remaining = new Remaining(1);
    remaining.start();
    let done = 0;
    const report = await settle(
      session
        .addon()
        .quantize(
          await session.store.resolve(base, workshop.folder),
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
/** 32,000 tokens: more of them change the weights of errors little. */
const mostWindows = 64;
const windowTokens = 512;

/**
 * Where bits are few, errors are weighed by what the training set makes the columns be multiplied with. The file of it;
 * empty where it is not worth it, or the training set is too short to tell.
 */
async function weigh(workshop: Workshop, place: StepPlace, before: StepPlaces, hooks: StepHooks): Promise<string> {
  const { session, project } = workshop;
  if (!/^I?Q[45]/u.test(project.quantization)) {
    return '';
  }
  const out = join(place.folder, 'importance.gguf');
  // Anew, because sums of a run that was stopped are still in the one that is loaded.
  await session.engine.unload();
  await useModel(workshop, project.base, hooks);
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
