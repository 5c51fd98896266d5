/**
 * State of the models: the list, the loaded one, and running downloads. The engine does the work; the picker, the
 * status bar and the chat view show this state.
 */
import { dirname } from 'node:path';
import { CancellationTokenSource, Emitter, type CancellationToken, type Event } from 'vscode-jsonrpc/node';
import type { ModelInfo } from '../../protocol/model.ts';
import {
  AddModel,
  ClearCache,
  DownloadModel,
  DownloadModelProgress,
  ListModels,
  LoadModel,
  LoadModelProgress,
  RemoveModel,
  UnloadModel,
  type DownloadProgress,
  type ModelEntry,
  type ModelList,
  type NetworkSettings,
} from '../../protocol/server.ts';
import type { DownloadView, ModelsView } from '../../protocol/webview.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import { EngineError } from '../lib/engine-error.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';

export interface ModelServiceOptions {
  readonly engine: EngineSupervisor;
  /** The user's choice; empty = none made. */
  readonly chosen: { get(): string; set(id: string): Promise<void> };
  readonly texts: { readonly noModel: string };
  /** Read anew for each download. */
  readonly network: () => NetworkSettings;
}

interface Loading {
  readonly id: string;
  readonly done: Promise<ModelInfo>;
  readonly cancellation: CancellationTokenSource;
  /** Callers that still wait. When the last one cancels, the load is cancelled. */
  callers: number;
}

interface Download {
  readonly cancellation: CancellationTokenSource;
  progress: DownloadProgress | undefined;
  readonly done: Promise<ModelEntry>;
}

export class ModelService implements Disposable {
  readonly #options: ModelServiceOptions;
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new Emitter<void>());
  readonly onDidChange: Event<void> = this.#changed.event;

  #list: ModelList | undefined;
  readonly #downloads = new Map<string, Download>();
  readonly #failures = new Map<string, string>();
  /** The model that answers this window. While another window uses another one, the engine loads it again on demand. */
  #own: { readonly id: string; readonly info: ModelInfo } | undefined;
  /** The model in memory, whichever window has loaded it. */
  #running: { readonly info: ModelInfo; readonly isOwn: boolean } | undefined;
  #loading: Loading | undefined;

  constructor(options: ModelServiceOptions) {
    this.#options = options;
    const { engine } = options;
    this.#store.add(
      engine.onDidChangeCompletion(({ kind }) => {
        // Typing has brought a model before anybody asked for the list; its title is in there.
        if (kind === 'ready' && this.#list === undefined) this.refresh().catch(() => undefined);
      }),
    );
    this.#store.add(
      engine.onDidChangeState((state) => {
        switch (state.kind) {
          case 'ready':
          case 'answering':
          case 'resting':
            return this.#setRunning({ info: state.model, isOwn: state.otherModel !== true });
          case 'noModel':
          case 'loading':
            return this.#setRunning(undefined);
          default:
            // The model is gone with its process.
            this.#setOwn(undefined);
        }
      }),
    );
  }

  /** The model that answers this window, while it is in memory. */
  get loaded(): ModelInfo | undefined {
    return this.#running?.isOwn === true ? this.#own?.info : undefined;
  }

  /** Of the model in memory, whichever window has loaded it. */
  get loadedId(): string | undefined {
    if (this.loaded !== undefined) return this.#own?.id;
    const path = this.#running?.info.path;
    return path === undefined ? undefined : this.#list?.entries.find((entry) => entry.path === path)?.id;
  }

  get folder(): string | undefined {
    return this.#list?.folder;
  }

  get view(): ModelsView | undefined {
    if (this.#list === undefined) return undefined;
    const { entries, totalMemory, availableMemory } = this.#list;
    const current = this.#loading?.id ?? this.#own?.id ?? this.#choiceOf(entries)?.id;
    const ids = new Set([...this.#downloads.keys(), ...this.#failures.keys()]);
    const downloads = [...ids].map((id): DownloadView => ({
      id,
      progress: this.#downloads.get(id)?.progress,
      error: this.#failures.get(id),
    }));
    return { entries, current, totalMemory, availableMemory, downloads };
  }

  /** Whether it is a file of the user in the models folder: listed because it is there, not because it was added. */
  isInFolder({ source, path, state }: ModelEntry): boolean {
    const { folder } = this;
    return source === 'user' && state === 'installed' && path !== undefined && folder === dirname(path);
  }

  isDownloading(id: string): boolean {
    return this.#downloads.has(id);
  }

  async refresh(): Promise<ModelList> {
    this.#list = await this.#options.engine.ask(ListModels);
    this.#changed.fire();
    return this.#list;
  }

  /** The model to use: the user's choice, else the recommended installed one, else any that is installed. */
  async choose(): Promise<ModelEntry | undefined> {
    const { entries } = await this.refresh();
    return this.#choiceOf(entries);
  }

  /**
   * Loads the chosen model unless this window has loaded one. If another window has loaded another since, the next
   * request brings this one back. Rejects with `noModel` when there is none.
   */
  async ensureLoaded(token?: CancellationToken): Promise<ModelInfo> {
    if (this.#own !== undefined) return this.#own.info;
    if (this.#loading !== undefined) return this.load(this.#loading.id, token);
    const entry = await untilCancelled(this.choose(), token);
    if (entry === undefined) throw new EngineError('noModel', this.#options.texts.noModel);
    return this.load(entry.id, token);
  }

  /** Callers share a load. A token ends the wait of its caller; the load is cancelled only when no caller is left. */
  async load(id: string, token?: CancellationToken): Promise<ModelInfo> {
    return this.#join(this.#loading?.id === id ? this.#loading : this.#startLoad(id, false), token);
  }

  async #join(loading: Loading, token: CancellationToken | undefined): Promise<ModelInfo> {
    loading.callers++;
    try {
      return await untilCancelled(loading.done, token);
    } finally {
      loading.callers--;
      if (loading.callers === 0) loading.cancellation.cancel();
    }
  }

  /**
   * The user's choice has changed: it replaces a model that is loaded or being loaded. The change may have been made in
   * another window, so an answer that runs here is not cut off for it.
   */
  async followChoice(): Promise<void> {
    const id = this.#options.chosen.get();
    const current = this.#loading?.id ?? this.#own?.id;
    if (id !== '' && current !== undefined && current !== id) await this.#join(this.#startLoad(id, true), undefined);
  }

  /** Starts or resumes a download; settles when the file is there and its digest is right. */
  download(id: string): Promise<ModelEntry> {
    const running = this.#downloads.get(id);
    if (running !== undefined) return running.done;
    const cancellation = new CancellationTokenSource();
    this.#failures.delete(id);
    const done = this.#download(id, cancellation);
    this.#downloads.set(id, { cancellation, progress: undefined, done });
    this.#changed.fire();
    return done;
  }

  /** Stops a download. The partial file stays on disk. */
  cancelDownload(id: string): void {
    this.#downloads.get(id)?.cancellation.cancel();
  }

  async add(path: string): Promise<ModelEntry> {
    const entry = await this.#options.engine.request(AddModel, { path });
    await this.refresh();
    return entry;
  }

  async clearCache(): Promise<void> {
    await this.#options.engine.ask(ClearCache);
  }

  async remove(id: string): Promise<void> {
    if (this.loadedId === id) await this.unload();
    await this.#options.engine.request(RemoveModel, { id });
    await this.refresh();
  }

  async unload(): Promise<void> {
    if (this.#options.engine.pid === undefined) return;
    await this.#options.engine.ask(UnloadModel);
    this.#setOwn(undefined);
  }

  dispose(): void {
    for (const { cancellation } of this.#downloads.values()) cancellation.cancel();
    this.#store.dispose();
  }

  #choiceOf(entries: readonly ModelEntry[]): ModelEntry | undefined {
    const installed = entries.filter(({ state }) => state === 'installed');
    const wanted = this.#options.chosen.get();
    return (
      installed.find(({ id, path }) => id === wanted || (path !== undefined && path === wanted)) ??
      installed.find(({ recommended }) => recommended) ??
      installed[0]
    );
  }

  #startLoad(id: string, patient: boolean): Loading {
    const cancellation = new CancellationTokenSource();
    const done = this.#load(id, patient, cancellation.token).finally(() => {
      if (this.#loading?.done === done) this.#loading = undefined;
    });
    const loading = { id, done, cancellation, callers: 0 };
    this.#loading = loading;
    this.#changed.fire();
    return loading;
  }

  async #load(id: string, patient: boolean, token: CancellationToken): Promise<ModelInfo> {
    this.#own = undefined;
    // The progress is shown as the engine's state; the stream is not needed.
    const progress = { type: LoadModelProgress, onPart: () => undefined };
    const info = await this.#options.engine.request(LoadModel, { id, patient }, { token, progress });
    this.#setOwn({ id, info });
    return info;
  }

  #setOwn(own: { readonly id: string; readonly info: ModelInfo } | undefined): void {
    this.#own = own;
    this.#running = own && { info: own.info, isOwn: true };
    this.#changed.fire();
  }

  /** An answer begins and ends with the same model in memory, which is no change. */
  #setRunning(running: { readonly info: ModelInfo; readonly isOwn: boolean } | undefined): void {
    const before = this.#running;
    this.#running = running;
    if (before?.isOwn !== running?.isOwn || before?.info.path !== running?.info.path) this.#changed.fire();
  }

  async #download(id: string, cancellation: CancellationTokenSource): Promise<ModelEntry> {
    try {
      return await this.#options.engine.request(
        DownloadModel,
        { id, network: this.#options.network() },
        {
          token: cancellation.token,
          progress: {
            type: DownloadModelProgress,
            onPart: (progress) => {
              const download = this.#downloads.get(id);
              if (download !== undefined) download.progress = progress;
              this.#changed.fire();
            },
          },
        },
      );
    } catch (error) {
      const failure = EngineError.from(error);
      if (failure.code !== 'cancelled') this.#failures.set(id, failure.message);
      throw failure;
    } finally {
      this.#downloads.delete(id);
      cancellation.dispose();
      await this.refresh().catch(() => undefined);
    }
  }
}

/** The token ends the wait, not the work. */
function untilCancelled<T>(work: Promise<T>, token: CancellationToken | undefined): Promise<T> {
  if (token === undefined) return work;
  const cancelled = new EngineError('cancelled', 'Cancelled.');
  if (token.isCancellationRequested) {
    work.catch(() => undefined);
    return Promise.reject(cancelled);
  }
  return new Promise((resolve, reject) => {
    const subscription = token.onCancellationRequested(() => reject(cancelled));
    work.then(resolve, reject).finally(() => subscription.dispose());
  });
}
