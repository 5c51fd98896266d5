/** Prepares a training run: reads the samples, estimates the memory, and checks that the machine has it. */
import type { NativeTrainOptions } from '../../engine/binding.ts';
import { EngineError } from '../../engine/errors.ts';
import type { Session } from '../../session.ts';
import type { BaseModel } from './peft.ts';
import { readSamples } from './samples.ts';
import type { SampleSet } from './samples.ts';
import type { TrainSettings } from './settings.ts';
import { nativeOptions } from './train.ts';

export interface TrainPlan {
  readonly native: NativeTrainOptions;
  readonly train: SampleSet;
  readonly valid: SampleSet;
  readonly base: BaseModel;
  /** Layers are computed twice, which takes less memory. */
  readonly lowMemory: boolean;
  /** Bytes beside the model. */
  readonly need: number;
}

/** For the model that `session` has loaded. Throws `invalidArgument` without samples, and `outOfMemory`. */
export async function prepareTraining(
  { engine: { model }, addon }: Session,
  files: { readonly train: readonly string[]; readonly valid: readonly string[] },
  settings: TrainSettings,
  lowMemoryWanted = false,
): Promise<TrainPlan> {
  const train = await readSamples(model, files.train, settings);
  const valid = await readSamples(model, files.valid, settings);
  if (train.samples.length === 0) {
    throw new EngineError('invalidArgument', `There is nothing to train on in ${files.train.join(', ')}.`);
  }
  const { metadata } = addon().inspect(model.info.path);
  const count = (key: string): number => Number(metadata[`${model.info.architecture}.${key}`] ?? 0);
  const plan = (lowMemory: boolean) => nativeOptions(settings, count('block_count'), lowMemory);
  const needOf = (lowMemory: boolean): number => {
    const { pass, optimizer } = model.trainingNeed(plan(lowMemory));
    return pass + optimizer;
  };
  const available = addon().systemInfo().availableMemory;
  const lowMemory = lowMemoryWanted || (available > 0 && needOf(false) > 0.9 * available);
  const need = needOf(lowMemory);
  if (available > 0 && need > available) {
    throw new EngineError(
      'outOfMemory',
      `Training needs ${mebibytes(need)} MiB beside the model and ${mebibytes(available)} MiB are free. Allow fewer tokens for a sample, close other programs, or choose a smaller model.`,
    );
  }
  const heads = count('attention.head_count');
  const base = {
    name: model.info.name,
    architecture: model.info.architecture,
    heads,
    kvHeads: count('attention.head_count_kv') || heads,
  };
  return { native: plan(lowMemory), train, valid, base, lowMemory, need };
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
