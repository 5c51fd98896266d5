import { basename } from 'node:path';
import type { EngineState } from '../../protocol/server.ts';
import type { MemoryNeed, ModelInfo } from '../../protocol/model.ts';
import type { NativeLoad, NativeModel, NativeModule } from './binding.ts';
import { EngineError, cancelledError, toErrorData } from './errors.ts';
import { inspectModel } from './inspect.ts';
import { Scheduler, priorities } from './scheduler.ts';
import type { Priority } from './scheduler.ts';

export interface EngineOptions {
  /** 0 = let the engine choose. */
  readonly threads: number;
  /** Tokens; 0 = let the engine choose. */
  readonly contextLength: number;
  /** Empty = the best of this CPU. */
  readonly kernels: string;
  /** Memory for earlier prompts, in bytes; undefined = let the engine choose. */
  readonly prefixCacheBytes?: number | undefined;
  readonly compactCache?: boolean | undefined;
  /** Activations are not rounded to 8 bits: for measuring. */
  readonly exact?: boolean | undefined;
  /** Leaves one core to others when `threads` is 0. */
  readonly polite?: boolean | undefined;
  /** Where earlier prompts are kept on disk, and how much of them; undefined = nowhere. */
  readonly snapshots?: { readonly folder: string; readonly bytes: number } | undefined;
}

export interface LoadHooks {
  readonly signal: AbortSignal;
  /** 0..1 */
  readonly onProgress?: (fraction: number) => void;
}

/**
 * Owns the one model that is loaded: loads it, drops it, lets one job at a time work with it, and announces every
 * change of what it does.
 */
export class Engine {
  readonly #addon: () => NativeModule;
  readonly #options: EngineOptions;
  readonly #onState: (state: EngineState) => void;
  readonly #scheduler = new Scheduler();
  #model: NativeModel | undefined;
  /** Ends every job of the model that is loaded. */
  #modelGone = new AbortController();
  /** Ends the work that a pause cuts off. */
  #pausing = new AbortController();
  /** Ends the load that runs or waits; a newer one takes its place. */
  #loading = new AbortController();
  #state: EngineState = { kind: 'noModel' };

  /** `addon` loads the native code on first call and may throw `engineUnavailable`. */
  constructor(addon: () => NativeModule, options: EngineOptions, onState: (state: EngineState) => void = () => {}) {
    this.#addon = addon;
    this.#options = options;
    this.#onState = onState;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** What is loaded now. Throws `noModel`. */
  get model(): NativeModel {
    if (this.#model === undefined) {
      throw new EngineError('noModel', 'No model is loaded. Choose a model first.');
    }
    return this.#model;
  }

  /** `undefined` when nothing is loaded. */
  get info(): ModelInfo | undefined {
    return this.#model && toModelInfo(this.#model);
  }

  /**
   * Loads a model file in place of the one that is loaded; an answer that is being given ends as cancelled.
   * Throws `outOfMemory` before anything is read when the machine could never hold it.
   */
  async load(path: string, hooks: LoadHooks): Promise<ModelInfo> {
    this.#endJobs();
    this.#loading = new AbortController();
    const signal = AbortSignal.any([hooks.signal, this.#loading.signal]);
    return this.#scheduler.run(priorities.interactive, signal, async () => {
      await this.#dropModel();
      this.#announce({ kind: 'loading', model: basename(path), fraction: 0 });
      try {
        const model = await this.#loadNative(path, { ...hooks, signal });
        this.#model = model;
        this.#modelGone = new AbortController();
        const info = toModelInfo(model);
        this.#announce({ kind: 'ready', model: info });
        return info;
      } catch (error) {
        const failure = EngineError.from(error);
        this.#announce(
          failure.code === 'cancelled'
            ? { kind: 'noModel' }
            : { kind: 'failed', message: failure.message, data: toErrorData(failure) },
        );
        throw failure;
      }
    });
  }

  /** Gives the memory back; an answer that is being given ends as cancelled. */
  async unload(): Promise<void> {
    this.#endJobs();
    await this.#scheduler.run(priorities.interactive, new AbortController().signal, async () => {
      await this.#dropModel();
      this.#announce({ kind: 'noModel' });
    });
  }

  /**
   * Runs `job` alone on the loaded model. Its signal also aborts when the model is dropped. Throws `noModel`, and
   * `cancelled` when the caller's signal aborts before the job began.
   */
  async run<T>(
    priority: Priority,
    signal: AbortSignal,
    job: (model: NativeModel, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const model = this.model;
    const either = AbortSignal.any([signal, this.#modelGone.signal]);
    return this.#scheduler.run(priority, either, async () => {
      this.#announce({ kind: 'answering', model: toModelInfo(model) });
      try {
        return await job(model, either);
      } finally {
        if (this.#model === model) {
          this.#announce({ kind: 'ready', model: toModelInfo(model) });
        }
      }
    });
  }

  /**
   * Background work that makes room at once: a pause ends `job` by its signal, and after it `job` runs again from its
   * beginning. So it gives the same result each time and leaves nothing behind.
   */
  async runPausable<T>(signal: AbortSignal, job: (model: NativeModel, signal: AbortSignal) => Promise<T>): Promise<T> {
    for (;;) {
      let cutOff = (): boolean => false;
      const work = this.run(priorities.background, signal, (model, either) => {
        const { signal: pausing } = (this.#pausing = new AbortController());
        // A result that came just then may be cut off as well, and looks like any other.
        cutOff = () => pausing.aborted && !either.aborted;
        return job(model, AbortSignal.any([either, pausing]));
      });
      const result = await work.catch((error: unknown) => {
        if (!cutOff()) throw error;
        return undefined;
      });
      if (!cutOff()) return result as T;
    }
  }

  /** Has the loaded model forget earlier prompts, once the running job has ended. */
  async clearCache(): Promise<void> {
    await this.#scheduler.run(priorities.interactive, new AbortController().signal, async () => {
      await this.#model?.clearCache().result;
    });
  }

  /**
   * Something else needs the cores: no further background job begins, and of those that run the pausable one is cut
   * off;
   * any other ends first.
   */
  pause(): void {
    this.#scheduler.hold(true);
    this.#pausing.abort();
  }

  resume(): void {
    this.#scheduler.hold(false);
  }

  #endJobs(): void {
    this.#loading.abort();
    this.#modelGone.abort();
  }

  async #dropModel(): Promise<void> {
    const model = this.#model;
    this.#model = undefined;
    await model?.unload();
  }

  async #loadNative(path: string, hooks: LoadHooks): Promise<NativeModel> {
    const addon = this.#addon();
    const { threads, kernels, prefixCacheBytes, snapshots } = this.#options;
    const { compactCache = false, exact = false, polite = false } = this.#options;
    const inspection = inspectModel(addon, path, this.#options.contextLength, this.#options);
    if (inspection.unsupported !== undefined) {
      throw new EngineError('unsupportedModel', inspection.unsupported);
    }
    refuseTooLarge(inspection.memory, addon.systemInfo().totalMemory);
    const { contextLength } = inspection;
    const rest = {
      ...(polite ? { polite } : {}),
      ...(compactCache ? { compactCache } : {}),
      ...(exact ? { exact } : {}),
      ...(prefixCacheBytes === undefined ? {} : { prefixCacheBytes }),
      ...(snapshots === undefined ? {} : { snapshotFolder: snapshots.folder, snapshotBytes: snapshots.bytes }),
    };
    const load = addon.loadModel(path, { contextLength, threads, kernels, ...rest }, (fraction) => {
      hooks.onProgress?.(fraction);
      this.#announce({ kind: 'loading', model: basename(path), fraction });
    });
    return awaitLoad(load, hooks.signal);
  }

  #announce(state: EngineState): void {
    this.#state = state;
    this.#onState(state);
  }
}

export function toModelInfo(model: NativeModel): ModelInfo {
  const { info } = model;
  return {
    path: info.path,
    name: info.name,
    architecture: info.architecture,
    parameters: info.parameters,
    quantization: info.quantization,
    contextLength: info.contextLength,
    trainedContextLength: info.trainedContextLength,
    memory: info.memory,
    kernels: info.kernels,
    threads: info.threads,
    requestedThreads: info.requestedThreads,
    decodeThreads: info.decodeThreads,
    prefillThreads: info.prefillThreads,
    chatTemplate: info.chatTemplate,
  };
}

async function awaitLoad(load: NativeLoad, signal: AbortSignal): Promise<NativeModel> {
  const cancel = (): void => load.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) {
    cancel();
  }
  try {
    const model = await load.result;
    if (signal.aborted) {
      await model.unload();
      throw cancelledError();
    }
    return model;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function refuseTooLarge(need: MemoryNeed | undefined, totalMemory: number): void {
  if (need !== undefined && need.total > totalMemory) {
    throw new EngineError(
      'outOfMemory',
      `This model needs ${gibibytes(need.total)} of memory (${gibibytes(need.weights)} weights, ${gibibytes(need.kvCache)} context, ${gibibytes(need.prefixCache)} cache) and the machine has ${gibibytes(totalMemory)}. Choose a smaller model or a shorter context.`,
    );
  }
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
