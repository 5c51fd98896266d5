/**
 * A training run: steps in a fixed order, validations, checkpoints. It can be stopped at any moment, and resumes from
 * its last checkpoint with the same result as an uninterrupted run.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NativeJob, NativeModel, NativeTrainOptions, NativeTrainer } from '../../engine/binding.ts';
import type { Engine } from '../../engine/engine.ts';
import { number, object, optional, text, whole, withDefault } from '../../../protocol/check.ts';
import type { Check } from '../../../protocol/check.ts';
import { EngineError } from '../../engine/errors.ts';
import { settle } from '../../engine/generate.ts';
import { checked } from '../../params.ts';
import { pathExists } from '../../path-exists.ts';
import { RemainingTime } from '../remaining-time.ts';
import { samplesOfStep, stepsPerEpoch } from './order.ts';
import { writePeft } from './peft.ts';
import type { BaseModel } from './peft.ts';
import { RunLog } from './run-log.ts';
import { flatten } from './samples.ts';
import type { EncodedSample, SampleSet } from './samples.ts';
import { learningRateAt } from './settings.ts';
import type { TrainSettings } from './settings.ts';

export interface TrainProgress {
  /** Steps that are done. */
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly loss: number | undefined;
  readonly validLoss: number | undefined;
  readonly tokensPerSecond: number | undefined;
  readonly remainingSeconds: number | undefined;
}

export interface TrainHooks {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: TrainProgress) => void;
}

export interface TrainOptions {
  readonly settings: TrainSettings;
  readonly train: SampleSet;
  readonly valid: SampleSet;
  /** Gets checkpoint.bin, log.jsonl, adapter.gguf and the same adapter in the folder peft. */
  readonly folder: string;
  readonly base: BaseModel;
  /** Gradient checkpointing: keeps only layer inputs. Less memory, slower. */
  readonly checkpoints: boolean;
  /** Least seconds between two checkpoints. */
  readonly saveSeconds: number;
}

export interface TrainResult {
  readonly steps: number;
  readonly resumedFrom: number;
  readonly tokens: number;
  readonly loss: number;
  readonly firstValidLoss: number | undefined;
  readonly validLoss: number | undefined;
  readonly bestStep: number | undefined;
  readonly stoppedEarly: boolean;
  readonly parameters: number;
  readonly precision: string;
  readonly adapter: string;
}

/** The state of the run that is stored with a checkpoint. */
interface RunState {
  readonly identity: string;
  readonly step: number;
  readonly tokens: number;
  readonly loss: number;
  readonly firstValidLoss?: number;
  readonly validLoss?: number;
  readonly best?: { readonly step: number; readonly loss: number };
  /** Validations since the best one. */
  readonly waited: number;
}

const runState: Check<RunState> = object<RunState>({
  identity: text(),
  step: whole(),
  tokens: whole(),
  // NaN, as before the first step, is null in JSON.
  loss: withDefault(number(), Number.NaN),
  firstValidLoss: optional(number()),
  validLoss: optional(number()),
  best: optional(object({ step: whole(), loss: number() })),
  waited: whole(),
});

export function nativeOptions(settings: TrainSettings, layers: number, checkpoints: boolean): NativeTrainOptions {
  const { rank, alpha, dropout, targets, seed, weightDecay, clip, maxTokens, lastLayers } = settings;
  const firstLayer = lastLayers === 0 ? 0 : Math.max(0, layers - lastLayers);
  return { rank, alpha, dropout, targets: [...targets], seed, weightDecay, clip, maxTokens, firstLayer, checkpoints };
}

/** Steps of the optimizer that a whole run makes. */
export function stepsOf({ epochs, batch }: TrainSettings, samples: number): number {
  return Math.ceil(epochs * stepsPerEpoch(samples, batch));
}

export async function train(
  engine: Engine,
  native: NativeTrainOptions,
  options: TrainOptions,
  hooks: TrainHooks,
): Promise<TrainResult> {
  await mkdir(options.folder, { recursive: true });
  const trainer = await alone(engine, hooks, (model) => model.train(native));
  try {
    return await new Run(engine, trainer, options, hooks).run();
  } finally {
    await trainer.close().result.catch(() => {});
  }
}

/** The engine runs waiting requests of the user between two steps. */
async function alone<T>(
  engine: Engine,
  { signal }: TrainHooks,
  start: (model: NativeModel) => NativeJob<T>,
): Promise<T> {
  return engine.runInBackground(signal, (model, either) => settle(start(model), either));
}

class Run {
  readonly #engine: Engine;
  readonly #trainer: NativeTrainer;
  readonly #options: TrainOptions;
  readonly #hooks: TrainHooks;
  readonly #log: RunLog;
  readonly #checkpoint: string;
  readonly #steps: number;
  #state: RunState;

  constructor(engine: Engine, trainer: NativeTrainer, options: TrainOptions, hooks: TrainHooks) {
    this.#engine = engine;
    this.#trainer = trainer;
    this.#options = options;
    this.#hooks = hooks;
    this.#log = new RunLog(join(options.folder, 'log.jsonl'));
    this.#checkpoint = join(options.folder, 'checkpoint.bin');
    const { settings, train: set } = options;
    this.#steps = stepsOf(settings, set.samples.length);
    this.#state = { identity: identityOf(options), step: 0, tokens: 0, loss: Number.NaN, waited: 0 };
  }

  async run(): Promise<TrainResult> {
    await this.#resume();
    const resumedFrom = this.#state.step;
    const remaining = new RemainingTime(this.#steps - resumedFrom);
    remaining.start();
    if (resumedFrom === 0) {
      await this.#look();
    }
    let saved = performance.now();
    let stoppedEarly = this.#patienceIsOver();
    while (this.#state.step < this.#steps && !stoppedEarly) {
      const tokensPerSecond = await this.#step();
      remaining.add(1);
      this.#tell(tokensPerSecond, remaining.seconds());
      if (this.#isTimeToLook()) {
        await this.#look();
        stoppedEarly = this.#patienceIsOver();
      }
      if (performance.now() - saved >= this.#options.saveSeconds * 1000) {
        await this.#save();
        saved = performance.now();
      }
    }
    await this.#save();
    return this.#finish(resumedFrom, stoppedEarly);
  }

  async #resume(): Promise<void> {
    if (!(await pathExists(this.#checkpoint))) {
      await this.#log.rewind(0);
      return;
    }
    const note = await alone(this.#engine, this.#hooks, () => this.#trainer.restore(this.#checkpoint));
    const state = checked(runState, JSON.parse(note), this.#checkpoint);
    if (state.identity !== this.#state.identity) {
      throw new EngineError(
        'invalidArgument',
        `${this.#options.folder} holds a run with other data or settings. Give another folder, or delete it to start again.`,
      );
    }
    this.#state = state;
    await this.#log.rewind(state.step);
  }

  async #save(): Promise<void> {
    const note = JSON.stringify(this.#state);
    await alone(this.#engine, this.#hooks, () => this.#trainer.save(this.#checkpoint, note));
  }

  /** One step of the optimizer; its tokens per second. */
  async #step(): Promise<number> {
    const { settings, train: set } = this.#options;
    const { step } = this.#state;
    const chosen = samplesOfStep(step, set.samples.length, settings.batch, settings.seed);
    const { ids, lengths, counted } = flatten(chosen.map((index) => set.samples[index] as EncodedSample));
    const learningRate = learningRateAt(settings, step, this.#steps);
    const start = performance.now();
    const report = await alone(this.#engine, this.#hooks, () =>
      this.#trainer.step(ids, lengths, counted, learningRate),
    );
    const tokensPerSecond = (report.tokens * 1000) / (performance.now() - start);
    await this.#log.append({
      step,
      epoch: this.#epoch,
      loss: report.loss,
      learningRate,
      gradientNorm: report.gradientNorm,
      tokens: report.tokens,
      tokensPerSecond: Number(tokensPerSecond.toFixed(1)),
    });
    this.#state = { ...this.#state, step: step + 1, tokens: this.#state.tokens + report.tokens, loss: report.loss };
    return tokensPerSecond;
  }

  /** Computes the validation loss and keeps the best adapter so far. */
  async #look(): Promise<void> {
    const { valid } = this.#options;
    if (valid.samples.length === 0) {
      return;
    }
    let [sum, counted] = [0, 0];
    for (const part of parts(valid.samples)) {
      const flat = flatten(part);
      const report = await alone(this.#engine, this.#hooks, () =>
        this.#trainer.evaluate(flat.ids, flat.lengths, flat.counted),
      );
      sum += report.sum;
      counted += report.counted;
    }
    const validLoss = sum / counted;
    const { step } = this.#state;
    await this.#log.append({ step, validLoss });
    const better = this.#state.best === undefined || validLoss < this.#state.best.loss;
    this.#state = {
      ...this.#state,
      validLoss,
      ...(step === 0 ? { firstValidLoss: validLoss } : {}),
      ...(better ? { best: { step, loss: validLoss } } : {}),
      waited: better ? 0 : this.#state.waited + 1,
    };
    if (better) {
      await this.#keepAdapter();
      // The best adapter and the state that refers to it must match.
      await this.#save();
    }
  }

  async #finish(resumedFrom: number, stoppedEarly: boolean): Promise<TrainResult> {
    const { folder, valid } = this.#options;
    if (valid.samples.length === 0) {
      await this.#keepAdapter();
    }
    const { step, tokens, loss, firstValidLoss, best } = this.#state;
    return {
      steps: step,
      resumedFrom,
      tokens,
      loss,
      firstValidLoss,
      validLoss: best?.loss,
      bestStep: best?.step,
      stoppedEarly,
      parameters: this.#trainer.parameters,
      precision: this.#trainer.precision,
      adapter: join(folder, 'adapter.gguf'),
    };
  }

  async #keepAdapter(): Promise<void> {
    const { folder, settings, base } = this.#options;
    await alone(this.#engine, this.#hooks, () => this.#trainer.export(join(folder, 'adapter.gguf')));
    const matrices = await alone(this.#engine, this.#hooks, () => this.#trainer.matrices());
    await writePeft(join(folder, 'peft'), matrices, settings, base);
  }

  get #epoch(): number {
    const { settings, train: set } = this.#options;
    return Math.floor(this.#state.step / stepsPerEpoch(set.samples.length, settings.batch));
  }

  #isTimeToLook(): boolean {
    const { settings, train: set } = this.#options;
    const every = settings.evaluateEvery || stepsPerEpoch(set.samples.length, settings.batch);
    return this.#state.step % every === 0 || this.#state.step === this.#steps;
  }

  #patienceIsOver(): boolean {
    const { patience } = this.#options.settings;
    return patience > 0 && this.#state.waited >= patience;
  }

  #tell(tokensPerSecond: number, remainingSeconds: number | undefined): void {
    const { step, loss, validLoss } = this.#state;
    const epoch = this.#epoch;
    this.#hooks.onProgress?.({ step, steps: this.#steps, epoch, loss, validLoss, tokensPerSecond, remainingSeconds });
  }
}

/** Everything that the steps depend on. */
function identityOf({ settings, train: set, valid }: TrainOptions): string {
  return JSON.stringify({ ...settings, train: set.sha256, valid: valid.sha256 });
}

/** Pieces of a set that are short enough to be cancelled between. */
function* parts(samples: readonly EncodedSample[]): Generator<EncodedSample[]> {
  for (let at = 0; at < samples.length; at += 32) {
    yield samples.slice(at, at + 32);
  }
}

/** Deletes the checkpoint, so that the next run starts again. */
export async function forgetRun(folder: string): Promise<void> {
  await rm(join(folder, 'checkpoint.bin'), { force: true });
}
