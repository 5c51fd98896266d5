/**
 * The open project of the lab and its run. The steps run in a process of their own, so that the chat keeps its model.
 * The process starts with the first use of the lab and ends when it has been idle for a while. The project on disk is
 * authoritative: after any failure it is read again, and the run can continue from there.
 */
import { CancellationTokenSource, Emitter, type Event } from 'vscode-jsonrpc/node';
import {
  LabRunProgress,
  OpenLab,
  RunLab,
  SaveLab,
  type LabProgress,
  type LabProject,
  type LabState,
  type LabStepName,
  type LabWait,
  type LossPoint,
} from '../../protocol/lab.ts';
import { withPoints, type LabErrorView, type LabRunView } from '../../protocol/lab-view.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import { EngineError } from '../lib/engine-error.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';

export interface LabServiceOptions {
  /** Makes the supervisor of the lab's own process; called once, at first use. */
  readonly createEngine: () => EngineSupervisor;
  readonly log: Log;
  readonly texts: { readonly busy: (title: string) => string };
}

export type LabServiceChange =
  | { readonly kind: 'lab'; readonly lab: LabState }
  | { readonly kind: 'run'; readonly run: LabRunView | undefined }
  | { readonly kind: 'progress'; readonly progress: LabProgress }
  | { readonly kind: 'error'; readonly error: LabErrorView | undefined }
  | { readonly kind: 'folder' };

export type LabOutcome = 'done' | 'stopped' | 'failed';

/** An idle process holds memory that the chat could use. */
const idleMs = 60_000;
/** Time for a running step to save. VS Code allows five seconds in total. */
const shutDownMs = 1500;

export class LabService implements Disposable {
  readonly #options: LabServiceOptions;
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new Emitter<LabServiceChange>());
  readonly #ended = this.#store.add(new Emitter<LabOutcome>());
  readonly onDidChange: Event<LabServiceChange> = this.#changed.event;
  /** A run has ended, and the project has been read again. */
  readonly onDidEnd: Event<LabOutcome> = this.#ended.event;

  #engine: EngineSupervisor | undefined;
  #folder: string | undefined;
  #lab: LabState | undefined;
  #run: LabRunView | undefined;
  #error: LabErrorView | undefined;
  #cancellation: CancellationTokenSource | undefined;
  /** Points of the current run. */
  #points: LossPoint[] = [];
  #saving: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  /** The window is closing: no new run may start. */
  #ending = false;
  #unsaved = false;
  #requests = 0;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LabServiceOptions) {
    this.#options = options;
  }

  get folder(): string | undefined {
    return this.#folder;
  }

  get lab(): LabState | undefined {
    return this.#lab;
  }

  get run(): LabRunView | undefined {
    return this.#run;
  }

  get error(): LabErrorView | undefined {
    return this.#error;
  }

  /** Reads a project and shows it. Rejects with `busy` while another one runs, with `notFound` when there is none. */
  async open(folder: string): Promise<void> {
    if (this.#run !== undefined && folder === this.#folder) return;
    await this.#saving;
    this.#show(folder);
    await this.#orError(async () => this.#read(folder));
  }

  /** Creates a project in a folder and shows it. */
  async create(folder: string, project: LabProject): Promise<void> {
    await this.#saving;
    this.#show(folder);
    await this.#orError(async () => this.#setLab(await this.#request(() => this.#ask(SaveLab, { folder, project }))));
  }

  /**
   * Changes the project. The change is shown at once and then saved. Does nothing during a run, which uses the settings
   * it began with.
   */
  edit(change: (project: LabProject) => LabProject): void {
    if (this.#lab === undefined || this.#run !== undefined) return;
    const project = change(this.#lab.project);
    if (project === this.#lab.project) return;
    this.#unsaved = true;
    this.#setLab({ ...this.#lab, project });
    this.#saving ??= this.#save().finally(() => (this.#saving = undefined));
  }

  /** Starts or resumes the steps that are not done. Settles when the run has ended, with any outcome. */
  start(until?: LabStepName): Promise<void> {
    const folder = this.#folder;
    if (this.#run !== undefined || folder === undefined || this.#lab === undefined) return Promise.resolve();
    this.#running = this.#start(folder, until).finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Stops the run as soon as finished work is saved. */
  stop(): void {
    if (this.#run === undefined || this.#run.stopping) return;
    this.#setRun({ ...this.#run, stopping: true });
    this.#cancellation?.cancel();
  }

  async reload(): Promise<void> {
    if (this.#folder !== undefined && this.#run === undefined) await this.open(this.#folder);
  }

  /** Start settings have changed. The next process uses them; a current run keeps its own. */
  renew(): void {
    if (this.#requests === 0) void this.#engine?.stop();
  }

  /** The window closes. A running step gets 1.5 s to save. */
  async shutDown(): Promise<void> {
    this.#ending = true;
    clearTimeout(this.#idleTimer);
    this.stop();
    const moment = new Promise((resolve) => void setTimeout(resolve, shutDownMs).unref());
    await Promise.race([moment, Promise.allSettled([this.#running, this.#saving])]);
    await this.#engine?.stop();
  }

  dispose(): void {
    clearTimeout(this.#idleTimer);
    this.#store.dispose();
    this.#engine?.dispose();
  }

  async #start(folder: string, until: LabStepName | undefined): Promise<void> {
    const cancellation = new CancellationTokenSource();
    this.#cancellation = cancellation;
    this.#points = [];
    this.#setError(undefined);
    this.#setRun({ until, stopping: false, paused: false, progress: undefined });
    let outcome: LabOutcome = 'done';
    try {
      await this.#saving;
      const token = cancellation.token;
      if (token.isCancellationRequested) throw new EngineError('cancelled', '');
      const onPart = (part: LabProgress | LabWait): void => this.#onPart(part);
      const lab = await this.#request(() =>
        this.#ensureEngine().request(
          RunLab,
          { folder, ...(until === undefined ? {} : { until }) },
          { token, progress: { type: LabRunProgress, onPart } },
        ),
      );
      if (token.isCancellationRequested) outcome = 'stopped';
      this.#setLab(lab);
    } catch (error) {
      const failure = EngineError.from(error);
      outcome = failure.code === 'cancelled' || failure.interrupted ? 'stopped' : 'failed';
      if (outcome === 'failed') this.#setError(failure);
      // From here the page shows only what is on disk.
      this.#points = [];
      if (!this.#ending) await this.#read(folder).catch((reason: unknown) => this.#options.log.error(String(reason)));
    } finally {
      cancellation.dispose();
      this.#cancellation = undefined;
      this.#setRun(undefined);
      this.#ended.fire(outcome);
    }
  }

  #show(folder: string): void {
    if (this.#run !== undefined) {
      throw new EngineError('busy', this.#options.texts.busy(this.#lab?.project.title ?? this.#folder ?? ''));
    }
    if (folder !== this.#folder) {
      this.#folder = folder;
      this.#lab = undefined;
    }
    this.#error = undefined;
    this.#changed.fire({ kind: 'folder' });
  }

  async #orError(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const failure = EngineError.from(error);
      this.#setError(failure);
      throw failure;
    }
  }

  async #read(folder: string): Promise<void> {
    const lab = await this.#request(() => this.#ask(OpenLab, { folder }));
    if (folder !== this.#folder || this.#unsaved) return;
    // Points that arrived while the file was read are newer than the file.
    const last = lab.training?.points.at(-1)?.step ?? 0;
    this.#setLab(
      withPoints(
        lab,
        this.#points.filter(({ step }) => step > last),
      ),
    );
  }

  /** Repeats until no change is left that was made after the last save began. */
  async #save(): Promise<void> {
    while (this.#unsaved && this.#lab !== undefined) {
      this.#unsaved = false;
      const { folder, project } = this.#lab;
      try {
        const lab = await this.#request(() => this.#ask(SaveLab, { folder, project }));
        if (!this.#unsaved && folder === this.#folder) this.#setLab(lab);
      } catch (error) {
        this.#setError(EngineError.from(error));
      }
    }
  }

  #onPart(part: LabProgress | LabWait): void {
    if (this.#run === undefined) return;
    if ('waits' in part) this.#setRun({ ...this.#run, paused: part.waits });
    else this.#onProgress(this.#run, part);
  }

  #onProgress(run: LabRunView, progress: LabProgress): void {
    if (this.#folder === undefined) return;
    const before = run.progress?.step;
    this.#run = { ...run, progress };
    const { points = [] } = progress;
    if (this.#lab !== undefined && points.length > 0) {
      this.#points.push(...points);
      this.#lab = withPoints(this.#lab, points);
    }
    this.#changed.fire({ kind: 'progress', progress });
    // The previous step has ended, so its results can be read.
    if (before !== undefined && before !== progress.step) {
      this.#read(this.#folder).catch((error: unknown) => this.#options.log.warn(String(error)));
    }
  }

  #ask(type: typeof OpenLab, params: { readonly folder: string }): Promise<LabState>;
  #ask(type: typeof SaveLab, params: { readonly folder: string; readonly project: LabProject }): Promise<LabState>;
  #ask(type: typeof OpenLab, params: { readonly folder: string }): Promise<LabState> {
    return this.#ensureEngine().request(type, params);
  }

  /** Counts running requests, so that an idle process can be stopped. */
  async #request<T>(send: () => Promise<T>): Promise<T> {
    clearTimeout(this.#idleTimer);
    this.#requests++;
    try {
      return await send();
    } finally {
      if (--this.#requests === 0) {
        this.#idleTimer = setTimeout(() => void this.#engine?.stop(), idleMs);
        this.#idleTimer.unref();
      }
    }
  }

  #ensureEngine(): EngineSupervisor {
    if (this.#engine === undefined) {
      this.#engine = this.#options.createEngine();
    }
    return this.#engine;
  }

  #setLab(lab: LabState): void {
    this.#lab = lab;
    this.#changed.fire({ kind: 'lab', lab });
  }

  #setRun(run: LabRunView | undefined): void {
    this.#run = run;
    this.#changed.fire({ kind: 'run', run });
  }

  #setError(failure: EngineError | undefined): void {
    if (failure === undefined && this.#error === undefined) return;
    if (failure !== undefined) this.#options.log.error(failure);
    this.#error =
      failure === undefined
        ? undefined
        : { code: failure.code, message: failure.message, step: this.#run?.progress?.step };
    this.#changed.fire({ kind: 'error', error: this.#error });
  }
}
