/** An adapter is trained on the training set. */
import { join } from 'node:path';
import type { LabProject, LossPoint } from '../../../protocol/lab.ts';
import { RunLog } from '../train/run-log.ts';
import { prepareTraining } from '../train/prepare.ts';
import { presets } from '../train/settings.ts';
import type { TrainSettings } from '../train/settings.ts';
import { stepsOf, train } from '../train/train.ts';
import type { TrainProgress } from '../train/train.ts';
import { required, useModel } from './step.ts';
import type { LabStep, StepHooks } from './step.ts';
import type { TrainStepResult } from './step-results.ts';

export const trainStep: LabStep<TrainStepResult> = {
  name: 'train',
  inputs: async ({ project }, { curate }) => ({ curated: curate?.id, settings: trainSettings(project) }),
  run: async (workshop, place, before, hooks) => {
    const data = required(before, 'curate').folder;
    await useModel(workshop, workshop.project.base, hooks);
    const settings = trainSettings(workshop.project);
    const files = { train: [join(data, 'train.jsonl')], valid: [join(data, 'valid.jsonl')] };
    const plan = await prepareTraining(workshop.session, files, settings);
    const steps = stepsOf(settings, plan.train.samples.length);
    await hooks.keep({ steps, samples: plan.train.samples.length });
    const result = await train(
      workshop.session.engine,
      plan.native,
      {
        settings,
        train: plan.train,
        valid: plan.valid,
        folder: place.folder,
        base: plan.base,
        checkpoints: plan.lowMemory,
        saveSeconds: 60,
      },
      { signal: hooks.signal, onProgress: progressTeller(hooks) },
    );
    return {
      steps: result.steps,
      samples: plan.train.samples.length,
      tokens: result.tokens,
      firstValidLoss: result.firstValidLoss,
      validLoss: result.validLoss,
      stoppedEarly: result.stoppedEarly,
      parameters: result.parameters,
      precision: result.precision,
    };
  },
};

export function adapterOf(folder: string): string {
  return join(folder, 'adapter.gguf');
}

/** The curve so far, also of a run that is not finished. */
export async function readCurve(folder: string): Promise<LossPoint[]> {
  const entries = await new RunLog(join(folder, 'log.jsonl')).read();
  return entries.map((entry) =>
    'loss' in entry ? { step: entry.step + 1, loss: entry.loss } : { step: entry.step, validLoss: entry.validLoss },
  );
}

export function trainSettings({ train: { preset, epochs, learningRate }, seed }: LabProject): TrainSettings {
  const base: TrainSettings = presets[preset];
  return {
    ...base,
    seed,
    epochs: epochs ?? base.epochs,
    learningRate: learningRate ?? base.learningRate,
  };
}

/** A look at the validation set is told once, with the step that comes after it. */
function progressTeller({ tell }: StepHooks): (progress: TrainProgress) => void {
  let told: number | undefined;
  let isFirst = true;
  return ({ step, steps, epoch, loss, validLoss, tokensPerSecond, remainingSeconds }) => {
    const speed = tokensPerSecond === undefined ? '' : `, ${tokensPerSecond.toFixed(0)} tokens/s`;
    // A run that goes on begins with the loss of a look that was told before.
    const isOld = validLoss === told || (isFirst && step > 1);
    const look = isOld || validLoss === undefined ? undefined : { step: step - 1, validLoss };
    isFirst = false;
    told = validLoss;
    tell({
      words: `step ${step} of ${steps}, epoch ${epoch + 1}${speed}`,
      fraction: step / steps,
      remainingSeconds,
      points: [...(look === undefined ? [] : [look]), ...(loss === undefined ? [] : [{ step, loss }])],
    });
  };
}
