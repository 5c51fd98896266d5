import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { MemoryNeed, ModelInfo } from '../../protocol/model.ts';
import type { EngineState } from '../../protocol/server.ts';
import type { NativeLoad, NativeModel, NativeModule } from './binding.ts';
import { EngineError, cancelledError, toErrorData } from './errors.ts';
import { inspectModel } from './inspect.ts';
import { Scheduler } from './scheduler.ts';

export interface EngineOptions {
  /** 0 = let the engine choose. */
  readonly threads: number;
  /** Tokens; 0 = let the engine choose. */
  readonly contextLength: number;
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

/** A model as one client wants it: the file, and the settings that it is loaded with. */
export interface WantedModel {
  readonly path: string;
  readonly options: EngineOptions;
}

/** Somebody who uses the slot and hears what happens in it. */
export interface SlotClient {
  /** The model that this client has loaded, if any. It may have been replaced since. */
  readonly wanted: WantedModel | undefined;
  /** How long this client keeps a model in memory that nobody uses, in milliseconds; 0 = as long as it is there. */
  readonly idleMs: number;
  onState(state: EngineState): void;
}

export interface LoadHooks {
  readonly signal: AbortSignal;
  /** 0..1 */
  readonly onProgress?: (fraction: number) => void;
  /** Running jobs of this client end first; otherwise they are cancelled. */
  readonly patient?: boolean;
}

interface Loaded {
  readonly model: NativeModel;
  readonly wanted: WantedModel;
  readonly key: string;
  /** Of the file when it was loaded. */
  readonly stamp: string;
}

type Activity = { readonly state: EngineState; readonly owner: SlotClient | undefined };

/**
 * A place for one model in memory, and whose turn it is. Several clients share it. The model is only ever replaced
 * within a job of the scheduler, so no job sees it change. Nobody has used it for a while: then it rests on disk, and
 * the next job loads it again.
 */
export class ModelSlot {
  readonly scheduler = new Scheduler();
  readonly #addon: () => NativeModule;
  readonly #clients = new Set<SlotClient>();
  readonly #watchers = new Set<() => void>();
  #loaded: Loaded | undefined;
  #activity: Activity = { state: { kind: 'noModel' }, owner: undefined };
  /** How many jobs of each client are at work. */
  readonly #working = new Map<SlotClient, number>();
  /** Of the model in memory, or of the one that rests. */
  #key: string | undefined;
  #restTimer: ReturnType<typeof setTimeout> | undefined;

  /** `addon` loads the native code on first call and may throw `engineUnavailable`. */
  constructor(addon: () => NativeModule) {
    this.#addon = addon;
  }

  /** `undefined` when nothing is loaded. */
  get model(): NativeModel | undefined {
    return this.#loaded?.model;
  }

  /** Whether it loads a model or works with it. */
  get busy(): boolean {
    return this.#working.size > 0 || this.#activity.state.kind === 'loading';
  }

  /** Calls `listener` when `busy` may have changed, until the result is called. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  add(client: SlotClient): void {
    this.#clients.add(client);
  }

  remove(client: SlotClient): void {
    this.#clients.delete(client);
    this.#restLater();
  }

  /** The state as one client sees it: a failure is told to its owner alone; for others there is no model. */
  stateFor(client: SlotClient): EngineState {
    const { state: resting, owner } = this.#activity;
    const state =
      resting.kind === 'ready' && this.#working.size > 0 ? { ...resting, kind: 'answering' as const } : resting;
    if (state.kind === 'failed') return owner === client ? state : { kind: 'noModel' };
    if (state.kind !== 'ready' && state.kind !== 'answering' && state.kind !== 'resting') return state;
    const isOther = client.wanted === undefined || keyOf(client.wanted) !== this.#key;
    return {
      ...state,
      ...(isOther ? { otherModel: true } : {}),
      ...(state.kind === 'answering' && !this.#working.has(client) ? { elsewhere: true } : {}),
    };
  }

  /** How this file was loaded, by whichever client; undefined when it is not. */
  loadedAs(path: string): WantedModel | undefined {
    return this.#loaded?.wanted.path === path ? this.#loaded.wanted : undefined;
  }

  /** The loaded model if it is this one. Does not look at the file. */
  modelFor(wanted: WantedModel): NativeModel | undefined {
    return this.#loaded?.key === keyOf(wanted) ? this.#loaded.model : undefined;
  }

  /** Whether this model is loaded, from the file as it is now. */
  async holds(wanted: WantedModel): Promise<boolean> {
    const stamp = await stampOf(wanted.path);
    return this.#loaded?.key === keyOf(wanted) && this.#loaded.stamp === stamp;
  }

  /** Only within a job of the scheduler: loads the model in place of another one, unless it is loaded already. */
  async ensure(wanted: WantedModel, owner: SlotClient, hooks: LoadHooks): Promise<NativeModel> {
    if (this.#loaded !== undefined && (await this.holds(wanted))) return this.#loaded.model;
    await this.#drop();
    this.announce({ kind: 'loading', model: basename(wanted.path), fraction: 0 }, owner);
    try {
      const stamp = await stampOf(wanted.path);
      const model = await this.#loadNative(wanted, owner, hooks);
      this.#loaded = { model, wanted, key: keyOf(wanted), stamp };
      this.#key = this.#loaded.key;
      this.#restLater();
      return model;
    } catch (error) {
      const failure = EngineError.from(error);
      this.announce(
        failure.code === 'cancelled'
          ? { kind: 'noModel' }
          : { kind: 'failed', message: failure.message, data: toErrorData(failure) },
        owner,
      );
      throw failure;
    }
  }

  /** Frees the model after the running job. */
  async unload(): Promise<void> {
    await this.scheduler.run('alone', new AbortController().signal, async () => {
      await this.#drop();
      this.announce({ kind: 'noModel' }, undefined);
    });
  }

  announce(state: EngineState, owner: SlotClient | undefined): void {
    this.#activity = { state, owner };
    this.#tell();
  }

  /** Does a job of a client with the loaded model. */
  async work<T>(client: SlotClient, model: NativeModel, job: () => Promise<T>): Promise<T> {
    clearTimeout(this.#restTimer);
    this.#activity = { state: { kind: 'ready', model: toModelInfo(model) }, owner: client };
    this.#count(client, 1);
    try {
      return await job();
    } finally {
      this.#count(client, -1);
    }
  }

  #count(client: SlotClient, change: 1 | -1): void {
    const jobs = (this.#working.get(client) ?? 0) + change;
    if (jobs > 0) this.#working.set(client, jobs);
    else this.#working.delete(client);
    if (this.#working.size === 0) this.#restLater();
    this.#tell();
  }

  /** Begins to wait anew, for as long as the most patient client likes. */
  #restLater(): void {
    clearTimeout(this.#restTimer);
    const idle = [...this.#clients].map(({ idleMs }) => idleMs);
    if (this.#loaded === undefined || idle.length === 0 || idle.includes(0)) return;
    this.#restTimer = setTimeout(() => void this.#rest().catch(() => {}), Math.max(...idle));
    this.#restTimer.unref();
  }

  async #rest(): Promise<void> {
    if (!this.scheduler.idle) return;
    await this.scheduler.run('alone', new AbortController().signal, async () => {
      if (this.#loaded === undefined) return;
      const model = toModelInfo(this.#loaded.model);
      await this.#drop();
      this.announce({ kind: 'resting', model }, undefined);
    });
  }

  #tell(): void {
    for (const client of this.#clients) client.onState(this.stateFor(client));
    for (const watcher of this.#watchers) watcher();
  }

  async #drop(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    await loaded?.model.unload();
  }

  async #loadNative({ path, options }: WantedModel, owner: SlotClient, hooks: LoadHooks): Promise<NativeModel> {
    const addon = this.#addon();
    const { threads, prefixCacheBytes, snapshots } = options;
    const { compactCache = false, exact = false, polite = false } = options;
    const inspection = inspectModel(addon, path, options.contextLength, options);
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
    const load = addon.loadModel(path, { contextLength, threads, ...rest }, (fraction) => {
      hooks.onProgress?.(fraction);
      this.announce({ kind: 'loading', model: basename(path), fraction }, owner);
    });
    return awaitLoad(load, hooks.signal);
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

/** Equal for two clients that can share a loaded model. */
function keyOf({ path, options }: WantedModel): string {
  const { threads, contextLength, prefixCacheBytes, compactCache, exact, polite, snapshots } = options;
  return JSON.stringify([
    path,
    threads,
    contextLength,
    prefixCacheBytes,
    compactCache ?? false,
    exact ?? false,
    polite ?? false,
    snapshots?.folder,
    snapshots?.bytes,
  ]);
}

/** Differs when a file of the same name was written anew. */
async function stampOf(path: string): Promise<string> {
  const { size, mtimeMs, ino } = (await stat(path).catch(() => undefined)) ?? {};
  return `${size} ${mtimeMs} ${ino}`;
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
