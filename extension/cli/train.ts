import type { TrainPresetName } from '../protocol/lab.ts';
import { formatDuration } from '../protocol/format.ts';
import { withFolder } from '../server/lock.ts';
import { prepareTraining } from '../server/lab/train/prepare.ts';
import type { SampleSet } from '../server/lab/train/samples.ts';
import { presets, targetNames } from '../server/lab/train/settings.ts';
import type { TrainSettings } from '../server/lab/train/settings.ts';
import { forgetRun, train as trainAdapter } from '../server/lab/train/train.ts';
import type { TrainProgress } from '../server/lab/train/train.ts';
import { checkFiles } from './input.ts';
import { loadModel } from './model.ts';
import { progressLog, resumable, withRemaining } from './reporting.ts';
import { UsageError, commonOptions, decimal, requiredText, text, texts, wholeNumber } from './verb.ts';
import type { OptionValues, Verb } from './verb.ts';

export const train: Verb = {
  name: 'train',
  usage: 'DATA... --out DIR',
  summary: 'trains an adapter (LoRA) on questions and answers; the model stays as it is',
  givesWay: true,
  options: [
    ['DATA...', 'train.jsonl of "paddock curate", or any of the formats that it reads'],
    ['--out DIR', 'gets adapter.gguf, peft/, log.jsonl and checkpoint.bin; the same command goes on'],
    ['--valid FILE', 'the loss on these is watched, and the best adapter kept; may be repeated'],
    ['--preset P', `${Object.keys(presets).join(' or ')}; laptop`],
    ['--rank N', 'of the adapter'],
    ['--alpha N', 'scale times rank'],
    ['--dropout P', 'of the input of the adapter'],
    ['--targets LIST', `of ${targetNames.join(', ')}`],
    ['--last-layers N', 'only the last N layers get adapters'],
    ['--rate R', 'learning rate'],
    ['--warm-up N', 'steps, or a share of all if below 1'],
    ['--schedule S', 'cosine or constant'],
    ['--epochs N', 'times through the data'],
    ['--batch N', 'samples of a step'],
    ['--max-tokens N', 'of a sample'],
    ['--text FORM', "chat: the model's own format; plain: question, line end, answer"],
    ['--evaluate-every N', 'steps between two looks at the validation set; after each epoch'],
    ['--patience N', 'end after N looks without a better loss'],
    ['--seed N', 'of the order, the adapter and the dropout'],
    ['--save-minutes N', 'between two checkpoints; 5'],
    ['--low-memory', 'compute more and remember less; chosen by itself when memory is short'],
    ['--fresh', 'begin again even where there is a checkpoint'],
  ],
  specs: {
    out: { type: 'string', short: 'o' },
    valid: { type: 'string', multiple: true },
    preset: { type: 'string' },
    rank: { type: 'string' },
    alpha: { type: 'string' },
    dropout: { type: 'string' },
    targets: { type: 'string' },
    'last-layers': { type: 'string' },
    rate: { type: 'string' },
    'warm-up': { type: 'string' },
    schedule: { type: 'string' },
    epochs: { type: 'string' },
    batch: { type: 'string' },
    'max-tokens': { type: 'string' },
    text: { type: 'string' },
    'evaluate-every': { type: 'string' },
    patience: { type: 'string' },
    seed: { type: 'string' },
    'save-minutes': { type: 'string' },
    'low-memory': { type: 'boolean' },
    fresh: { type: 'boolean' },
  },
  run: async (terminal, values, files) => {
    if (files.length === 0) {
      throw new UsageError('Name at least one file of questions and answers.');
    }
    if (values['adapter'] !== undefined) {
      throw new UsageError('--adapter: training makes a new adapter. Merge the existing one first: paddock merge');
    }
    const folder = requiredText(values, 'out');
    const settings = trainSettings(values);
    const validFiles = texts(values, 'valid');
    await checkFiles([...files, ...validFiles]);
    const saveSeconds = 60 * decimal(values, 'save-minutes', 5);
    const session = await loadModel(terminal, { ...commonOptions(values), cache: false });
    const prepared = await prepareTraining(
      session,
      { train: files, valid: validFiles },
      settings,
      values['low-memory'] === true,
    );
    const { native, train: set, valid, base, lowMemory, need } = prepared;
    terminal.note(describeStart(set, valid, settings, need, lowMemory));
    const line = progressLog(terminal);
    const start = performance.now();
    const options = { settings, train: set, valid, folder, base, checkpoints: lowMemory, saveSeconds };
    const result = await withFolder(folder, session.host, async () => {
      if (values['fresh'] === true) {
        await forgetRun(folder);
      }
      return resumable(terminal, folder, () =>
        trainAdapter(session.engine, native, options, {
          signal: terminal.signal,
          onProgress: (progress) => line.show(describeProgress(progress)),
        }),
      );
    }).finally(() => line.clear());
    const seconds = Number(((performance.now() - start) / 1000).toFixed(1));
    terminal.out(
      values['json'] === true
        ? `${JSON.stringify({ ...result, seconds, memory: need, samples: set.samples.length, settings })}\n`
        : `${result.steps} steps, ${result.tokens.toLocaleString('en-US')} tokens in ${formatDuration(seconds)}${describeLoss(result)}\n${result.adapter}\n`,
    );
  },
};

function trainSettings(values: OptionValues): TrainSettings {
  const preset = text(values, 'preset') ?? 'laptop';
  if (!(preset in presets)) {
    throw new UsageError(`--preset must be ${Object.keys(presets).join(' or ')}, not "${preset}".`);
  }
  const base: TrainSettings = presets[preset as TrainPresetName];
  const settings: TrainSettings = {
    rank: wholeNumber(values, 'rank', base.rank),
    alpha: decimal(values, 'alpha', base.alpha),
    dropout: decimal(values, 'dropout', base.dropout),
    targets: targets(values, base.targets),
    lastLayers: wholeNumber(values, 'last-layers', base.lastLayers),
    learningRate: rate(values, base.learningRate),
    warmUp: decimal(values, 'warm-up', base.warmUp),
    schedule: oneOf(values, 'schedule', ['cosine', 'constant'], base.schedule),
    epochs: decimal(values, 'epochs', base.epochs),
    batch: wholeNumber(values, 'batch', base.batch),
    maxTokens: wholeNumber(values, 'max-tokens', base.maxTokens),
    text: oneOf(values, 'text', ['chat', 'plain'], base.text),
    weightDecay: base.weightDecay,
    clip: base.clip,
    seed: wholeNumber(values, 'seed', base.seed),
    evaluateEvery: wholeNumber(values, 'evaluate-every', base.evaluateEvery),
    patience: wholeNumber(values, 'patience', base.patience),
  };
  for (const [name, value, least, most] of [
    ['rank', settings.rank, 1, 256],
    ['batch', settings.batch, 1, 4096],
    ['max-tokens', settings.maxTokens, 16, 32768],
    ['seed', settings.seed, 0, 2 ** 31 - 1],
  ] as const) {
    if (value < least || value > most) {
      throw new UsageError(`--${name} must be from ${least} to ${most}, not ${value}.`);
    }
  }
  if (settings.dropout >= 1 || settings.alpha <= 0 || settings.epochs <= 0) {
    throw new UsageError('--dropout must be below 1, and --alpha and --epochs above 0.');
  }
  return settings;
}

function targets(values: OptionValues, otherwise: TrainSettings['targets']): TrainSettings['targets'] {
  const names = text(values, 'targets')?.split(',');
  if (names === undefined) {
    return otherwise;
  }
  const chosen = targetNames.filter((target) => names.includes(target));
  if (chosen.length === 0 || chosen.length < new Set(names).size) {
    throw new UsageError(`--targets takes: ${targetNames.join(', ')}.`);
  }
  return chosen;
}

function rate(values: OptionValues, otherwise: number): number {
  const value = text(values, 'rate');
  const number = value === undefined ? otherwise : Number(value);
  if (!Number.isFinite(number) || number <= 0) {
    throw new UsageError(`--rate must be a number above 0 such as 2e-4, not "${value}".`);
  }
  return number;
}

function oneOf<T extends string>(values: OptionValues, name: string, choices: readonly T[], otherwise: T): T {
  const value = text(values, name) ?? otherwise;
  if (!(choices as readonly string[]).includes(value)) {
    throw new UsageError(`--${name} must be ${choices.join(' or ')}, not "${value}".`);
  }
  return value as T;
}

function describeStart(
  set: SampleSet,
  valid: SampleSet,
  settings: TrainSettings,
  need: number,
  lowMemory: boolean,
): string {
  const parts = [
    `${set.samples.length} samples (${set.tokens.toLocaleString('en-US')} tokens, ${set.counted.toLocaleString('en-US')} of answers), ${valid.samples.length} for validation`,
    set.truncated > 0 ? `${set.truncated} answers are cut at ${settings.maxTokens} tokens` : '',
    set.skipped > 0 ? `${set.skipped} questions are too long and left out` : '',
    set.badLines > 0 ? `${set.badLines} lines are no records` : '',
    `needs ${mebibytes(need)} MiB beside the model${lowMemory ? ', computing layers twice to save memory' : ''}`,
  ];
  return parts
    .filter((part) => part !== '')
    .map((part) => `${part}\n`)
    .join('');
}

function describeProgress(progress: TrainProgress): string {
  const { step, steps, epoch, loss, validLoss, tokensPerSecond, remainingSeconds } = progress;
  const parts = [
    `step ${step} of ${steps}, epoch ${epoch + 1}`,
    loss === undefined ? '' : `loss ${loss.toFixed(3)}`,
    validLoss === undefined ? '' : `validation ${validLoss.toFixed(3)}`,
    tokensPerSecond === undefined ? '' : `${tokensPerSecond.toFixed(0)} tokens/s`,
  ];
  return withRemaining(parts.filter((part) => part !== '').join(', '), remainingSeconds);
}

function describeLoss({
  firstValidLoss,
  validLoss,
}: {
  firstValidLoss?: number | undefined;
  validLoss?: number | undefined;
}): string {
  return validLoss === undefined || firstValidLoss === undefined
    ? ''
    : `, validation loss ${firstValidLoss.toFixed(3)} -> ${validLoss.toFixed(3)}`;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
