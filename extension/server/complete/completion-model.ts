/** Which model completes code for one client, and running it. */
import { EngineError } from '../engine/errors.ts';
import type { Engine, Job } from '../engine/engine.ts';
import type { MemoryNeed } from '../../protocol/model.ts';
import type { ModelEntry } from '../../protocol/server.ts';

export interface CompletionModelOptions {
  /** Of the models that answer. */
  readonly chat: Engine;
  /** Of the models that only complete. */
  readonly own: Engine;
  /** Catalogue name or path; empty = the smallest one that was made for it, if there is room for it. */
  readonly wanted: string;
  readonly models: () => Promise<readonly ModelEntry[]>;
  /** The file of a catalogue name or a path. */
  readonly resolve: (wanted: string) => Promise<string>;
  /** Bytes that a model of its own may take. */
  readonly available: () => number;
}

/** A model that could not be loaded, or for which there was no room, is tried again after this time. */
const againMs = 60_000;

interface Choice {
  readonly path: string | undefined;
  /** The model that answers. */
  readonly answers: string | undefined;
  /** By `performance.now()`. */
  readonly at: number;
}

/**
 * A small model of its own completes beside the one that answers; where there is none, or no memory for it, the one
 * that answers does both. That one is loaded for answers only: typing brings it back, but never begins with it.
 */
export class CompletionModel {
  readonly #options: CompletionModelOptions;
  #choice: Choice | undefined;
  #loading: Promise<unknown> | undefined;
  readonly #failed = new Map<string, number>();

  constructor(options: CompletionModelOptions) {
    this.#options = options;
  }

  /** The list of models, or what they may take, has changed: the next completion chooses anew. */
  chooseAnew(): void {
    this.#choice = undefined;
  }

  /** Throws `noModel` where no model can complete now, and what `job` throws. */
  async run<T>(signal: AbortSignal, job: Job<T>): Promise<T> {
    const { chat, own } = this.#options;
    const path = await this.#ownModel();
    if (path !== undefined && path !== chat.info?.path) {
      try {
        await this.#load(path);
        return await own.run(signal, job);
      } catch (error) {
        if (!isAboutTheModel(error)) throw error;
        this.#failed.set(path, performance.now());
        this.chooseAnew();
        if (this.#options.wanted !== '') throw error;
      }
    }
    return chat.run(signal, job);
  }

  /** Once for all who wait for it: who is cancelled meanwhile does not stop it, because the next key needs it too. */
  async #load(path: string): Promise<void> {
    const { own } = this.#options;
    const load = (): Promise<unknown> => own.load(path, { signal: new AbortController().signal, patient: true });
    while (own.info?.path !== path) {
      this.#loading ??= load().finally(() => (this.#loading = undefined));
      await this.#loading;
    }
  }

  /** The file of the model of its own. Chosen once for each model that answers. */
  async #ownModel(): Promise<string | undefined> {
    const { chat, wanted, resolve } = this.#options;
    if (wanted !== '') return resolve(wanted);
    const answers = chat.info?.path;
    const isDue = ({ path, at }: Choice): boolean => path === undefined && performance.now() - at >= againMs;
    if (this.#choice === undefined || this.#choice.answers !== answers || isDue(this.#choice)) {
      this.#choice = { answers, path: await this.#smallest(), at: performance.now() };
    }
    return this.#choice.path;
  }

  async #smallest(): Promise<string | undefined> {
    const room = this.#options.available();
    const made = (await this.#options.models())
      .filter(({ state, completes, memory }) => state === 'installed' && completes && needOf(memory) <= room)
      .toSorted((a, b) => needOf(a.memory) - needOf(b.memory));
    const since = performance.now() - againMs;
    return made.find(({ path }) => path !== undefined && (this.#failed.get(path) ?? -Infinity) < since)?.path;
  }
}

/** It has a short context, and keeps hardly anything of earlier prompts. */
function needOf({ total, prefixCache }: MemoryNeed): number {
  return total - prefixCache;
}

/** Whether another model may do better. */
function isAboutTheModel(error: unknown): boolean {
  return (['outOfMemory', 'unsupportedModel', 'invalidModel', 'notFound'] as const).some((code) =>
    EngineError.is(error, code),
  );
}
