import type { ModelInfo } from '../../protocol/model.ts';
import type { EngineState } from '../../protocol/server.ts';
import type { NativeModel } from './binding.ts';
import { EngineError } from './errors.ts';
import { toModelInfo } from './model-slot.ts';
import type { EngineOptions, LoadHooks, ModelSlot, SlotClient, WantedModel } from './model-slot.ts';
import type { ShareRest } from './scheduler.ts';

/** Work on a loaded model. */
export type Job<T> = (model: NativeModel, signal: AbortSignal) => Promise<T>;

/**
 * The engine as one client sees it: loads a model, runs jobs on it, and hears of every change of state.
 * Several clients may share a slot. Then each is answered by the model that it has loaded: if another client has loaded
 * a different one since, the next job loads its own again and waits for that. So two windows with different models get
 * the answers that they asked for, at the price of a load, and never those of the other's model.
 */
export class Engine implements SlotClient {
  readonly #slot: ModelSlot;
  readonly #options: EngineOptions;
  readonly #onState: (state: EngineState) => void;
  readonly idleMs: number;
  #own: { readonly wanted: WantedModel; readonly info: ModelInfo } | undefined;
  /** Aborts all jobs of this client. */
  #ending = new AbortController();
  /** Aborts the current or queued load when a newer one replaces it. */
  #loading = new AbortController();

  /** `idleMs`: see `SlotClient`. */
  constructor(slot: ModelSlot, options: EngineOptions, onState: (state: EngineState) => void = () => {}, idleMs = 0) {
    this.#slot = slot;
    this.#options = options;
    this.#onState = onState;
    this.idleMs = idleMs;
    slot.add(this);
  }

  get state(): EngineState {
    return this.#slot.stateFor(this);
  }

  get wanted(): WantedModel | undefined {
    return this.#own?.wanted;
  }

  onState(state: EngineState): void {
    this.#onState(state);
  }

  /** The model that this client has loaded, while it is in memory. Throws `noModel`. */
  get model(): NativeModel {
    const model = this.#own && this.#slot.modelFor(this.#own.wanted);
    if (model === undefined) throw noModel();
    return model;
  }

  /** As `model`, which is loaded again if it rests. */
  async awake(signal: AbortSignal): Promise<NativeModel> {
    if (this.state.kind === 'resting') await this.load(this.chosen.path, { signal, patient: true });
    return this.model;
  }

  /** Facts about the model that answers this client, also while another one is in memory. */
  get info(): ModelInfo | undefined {
    return this.#own?.info;
  }

  /** As `info`; throws `noModel`. */
  get chosen(): ModelInfo {
    if (this.#own === undefined) throw noModel();
    return this.#own.info;
  }

  /**
   * Loads a model file in place of the loaded one. A running answer of this client ends as cancelled; those of others
   * are waited for. A model that is loaded already is shared. Throws `outOfMemory` before reading anything when the
   * machine could never hold the model.
   */
  async load(path: string, hooks: LoadHooks): Promise<ModelInfo> {
    const wanted = { path, options: this.#options };
    if (hooks.patient !== true && this.#own?.wanted.path !== path) this.#endJobs();
    this.#loading.abort();
    this.#loading = new AbortController();
    const signal = AbortSignal.any([hooks.signal, this.#loading.signal, this.#ending.signal]);
    if (await this.#slot.holds(wanted)) {
      const model = this.#slot.modelFor(wanted);
      if (model !== undefined && !signal.aborted) return this.#setOwn(wanted, model);
    }
    this.#own = undefined;
    return this.#slot.scheduler.run('alone', signal, async () => {
      const model = await this.#slot.ensure(wanted, this, { ...hooks, signal });
      const info = this.#setOwn(wanted, model);
      this.#slot.announce({ kind: 'ready', model: info }, this);
      return info;
    });
  }

  /**
   * Takes the model that another client has loaded, with that one's settings: for a client that would not have it
   * loaded anew. Throws `noModel` when it is not in memory.
   */
  join(path: string): ModelInfo {
    const wanted = this.#slot.loadedAs(path);
    const model = wanted && this.#slot.modelFor(wanted);
    if (wanted === undefined || model === undefined) throw noModel();
    return this.#setOwn(wanted, model);
  }

  /** Frees the model, also for other clients, once their running answer has ended. One of this client is cancelled. */
  async unload(): Promise<void> {
    this.#endJobs();
    this.#loading.abort();
    this.#own = undefined;
    await this.#slot.unload();
  }

  /** The client is gone: its jobs are cancelled. The model stays, because others may use it. */
  close(): void {
    this.#slot.remove(this);
    this.#loading.abort();
    this.#ending.abort();
  }

  /**
   * Runs `job` on the model that this client has loaded, beside other jobs; on the one that it has loaded last, if that
   * changed while the job was queued. Its signal also aborts when this client loads another one without patience.
   * Throws `noModel`, and `cancelled` when the caller's signal aborts before the job began.
   */
  async run<T>(signal: AbortSignal, job: Job<T>): Promise<T> {
    return this.#runAs('shared', signal, job);
  }

  /** The same alone, after everything that others have asked for. */
  async runInBackground<T>(signal: AbortSignal, job: Job<T>): Promise<T> {
    return this.#runAs('background', signal, job);
  }

  async #runAs<T>(kind: 'shared' | 'background', signal: AbortSignal, job: Job<T>): Promise<T> {
    if (this.#own === undefined) throw noModel();
    const { wanted: asked } = this.#own;
    const either = AbortSignal.any([signal, this.#ending.signal]);
    const wanted = (): WantedModel => this.#own?.wanted ?? asked;
    const work = (model: NativeModel): Promise<T> => this.#slot.work(this, model, () => job(model, either));
    const load = async (shareRest: ShareRest): Promise<T> => {
      const model = this.#slot.modelFor(wanted()) ?? (await this.#slot.ensure(wanted(), this, { signal: either }));
      if (kind === 'shared') shareRest();
      return work(model);
    };
    if (kind === 'background' || this.#slot.modelFor(wanted()) === undefined) {
      return this.#slot.scheduler.run(kind === 'background' ? kind : 'alone', either, load);
    }
    const done = await this.#slot.scheduler.run('shared', either, async () => {
      // Somebody may have loaded another model while the job was queued.
      const model = this.#slot.modelFor(wanted());
      return model === undefined ? undefined : { value: await work(model) };
    });
    return done === undefined ? this.#slot.scheduler.run('alone', either, load) : done.value;
  }

  /** Clears the prompt cache of the loaded model after the running job. */
  async clearCache(): Promise<void> {
    await this.#slot.scheduler.run('alone', new AbortController().signal, async () => {
      await this.#slot.model?.clearCache().result;
    });
  }

  #setOwn(wanted: WantedModel, model: NativeModel): ModelInfo {
    const info = toModelInfo(model);
    this.#own = { wanted, info };
    return info;
  }

  #endJobs(): void {
    this.#ending.abort();
    this.#ending = new AbortController();
  }
}

function noModel(): EngineError {
  return new EngineError('noModel', 'No model is loaded. Choose a model first.');
}
