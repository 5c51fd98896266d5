/** The training settings, and the presets. */
import type { TrainPresetName } from '../../../protocol/lab.ts';
import type { NativeTarget } from '../../engine/binding.ts';

export const targetNames = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] as const satisfies readonly NativeTarget[];

/** How a record becomes a text: by the model's own chat template, or question, line end, answer. */
export type TextForm = 'chat' | 'plain';
export type Schedule = 'cosine' | 'constant';

export interface TrainSettings {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  readonly targets: readonly NativeTarget[];
  /** Only this many layers at the end get adapters; 0 = all. */
  readonly lastLayers: number;
  readonly learningRate: number;
  /** Steps of linear growth to the learning rate: a share of all steps if below 1. */
  readonly warmUp: number;
  readonly schedule: Schedule;
  readonly epochs: number;
  /** Samples of a step of the optimizer. */
  readonly batch: number;
  /** Tokens of a sample, and of what is computed together. */
  readonly maxTokens: number;
  readonly text: TextForm;
  readonly weightDecay: number;
  /** The largest norm of a gradient; 0 = any. */
  readonly clip: number;
  readonly seed: number;
  /** Steps between two validations; 0 = after each epoch. */
  readonly evaluateEvery: number;
  /** Validations without improvement after which training stops; 0 = never. */
  readonly patience: number;
}

const common = { lastLayers: 0, weightDecay: 0, clip: 1, seed: 42, evaluateEvery: 0 };

export const presets = {
  /** All matrices and a short run: minutes to one night on a laptop, depending on the model. */
  laptop: {
    ...common,
    rank: 8,
    alpha: 16,
    dropout: 0,
    targets: targetNames,
    learningRate: 2e-4,
    warmUp: 0.03,
    schedule: 'cosine',
    epochs: 2,
    batch: 8,
    maxTokens: 512,
    text: 'chat',
    patience: 3,
  },
  /** The numbers of GPT4All's run of March 2023 (TRAINING_LOG.md and its configuration), for one machine. */
  'gpt4all-2023': {
    ...common,
    rank: 8,
    alpha: 32,
    dropout: 0.1,
    targets: ['q', 'v'],
    learningRate: 5e-5,
    warmUp: 100,
    schedule: 'constant',
    epochs: 4,
    batch: 32,
    maxTokens: 1024,
    text: 'plain',
    patience: 0,
  },
} as const satisfies Record<TrainPresetName, TrainSettings>;

/** The learning rate of step `step` (from 0) of `steps`. */
export function learningRateAt(settings: TrainSettings, step: number, steps: number): number {
  const { learningRate, schedule } = settings;
  const warmUp = settings.warmUp < 1 ? Math.ceil(settings.warmUp * steps) : settings.warmUp;
  if (step < warmUp) {
    return (learningRate * (step + 1)) / warmUp;
  }
  if (schedule === 'constant' || steps <= warmUp) {
    return learningRate;
  }
  return (learningRate * (1 + Math.cos((Math.PI * (step - warmUp)) / (steps - warmUp)))) / 2;
}
