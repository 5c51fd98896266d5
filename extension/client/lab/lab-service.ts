/**
 * The open project of the lab and what runs in it. The steps run in a process of their own, so that the chat keeps its
 * model; it is started when the lab is first used and ended when it has had nothing to do for a while. The truth is on
 * disk: whatever fails, the project is read again and goes on where it was.
 */
import { CancellationTokenSource, Emitter, type Event } from 'vscode-jsonrpc/node';
import {
  LabRunProgress,
  OpenLab,
  PauseLab,
  RunLab,
  SaveLab,
  type LabProgress,
  type LabProject,
  type LabState,
  type LabStepName,
  type LossPoint,
} from '../../protocol/lab.ts';
import { withPoint, type LabErrorView, type LabRunView } from '../../protocol/lab-view.ts';
import type { EngineView } from '../../protocol/webview.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import { EngineError } from '../lib/engine-error.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';

export interface LabServiceOptions {
  /** Makes the supervisor of the lab's own process; called once, at first use. */
  readonly createEngine: () => EngineSupervisor;
  /** The engine of the chat and the edits, which goes before. */
  readonly other: Pick<EngineSupervisor, 'state' | 'onDidChangeState'>;
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

/** A process that has nothing to do holds memory that the chat could use. */
const idleMs = 60_000;
/** Of the five seconds that VS Code gives. */
const momentMs = 1500;

export class LabService implements Disposable {
  readonly #options: LabServiceOptions;
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new Emitter<LabServiceChange>());
  readonly #ended = this.#store.add(new Emitter<LabOutcome>());
  readonly onDidChange: Event<LabServiceChange> = this.#changed.event;
  /** A run has ended, and the project is as it left it. */
  readonly onDidEnd: Event<LabOutcome> = this.#ended.event;

  #engine: EngineSupervisor | undefined;
  #folder: string | undefined;
  #lab: LabState | undefined;
  #run: LabRunView | undefined;
  #error: LabErrorView | undefined;
  #cancellation: CancellationTokenSource | undefined;
  /** Of the run that goes on. */
  #points: LossPoint[] = [];
  #saving: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  /** Nothing may be started any more. */
  #ending = false;
  #unsaved = false;
  #otherBusy: boolean;
  #requests = 0;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LabServiceOptions) {
    this.#options = options;
    this.#otherBusy = needsCores(options.other.state);
    this.#store.add(options.other.onDidChangeState((state) => this.#onOther(needsCores(state))));
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

  /** Makes a project in a folder and shows it. */
  async create(folder: string, project: LabProject): Promise<void> {
    await this.#saving;
    this.#show(folder);
    await this.#orError(async () => this.#setLab(await this.#request(() => this.#ask(SaveLab, { folder, project }))));
  }

  /**
   * Changes what the project is to do; it is shown at once and saved. Not while it runs: what runs has begun with it.
   */
  edit(change: (project: LabProject) => LabProject): void {
    if (this.#lab === undefined || this.#run !== undefined) return;
    const project = change(this.#lab.project);
    if (project === this.#lab.project) return;
    this.#unsaved = true;
    this.#setLab({ ...this.#lab, project });
    this.#saving ??= this.#save().finally(() => (this.#saving = undefined));
  }

  /** Starts, or goes on with, the steps that are not done. Settles when the run has ended, however. */
  start(until?: LabStepName): Promise<void> {
    const folder = this.#folder;
    if (this.#run !== undefined || folder === undefined || this.#lab === undefined) return Promise.resolve();
    this.#running = this.#start(folder, until).finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Ends the run as soon as what is done is safe. */
  stop(): void {
    if (this.#run === undefined || this.#run.stopping) return;
    this.#setRun({ ...this.#run, stopping: true });
    this.#cancellation?.cancel();
  }

  async reload(): Promise<void> {
    if (this.#folder !== undefined && this.#run === undefined) await this.open(this.#folder);
  }

  /** Settings that a process is started with have changed: the next one has them, and a run ends as it began. */
  renew(): void {
    if (this.#requests === 0) void this.#engine?.stop();
  }

  /** The window goes: what runs gets a moment to make safe what it has. */
  async shutDown(): Promise<void> {
    this.#ending = true;
    clearTimeout(this.#idleTimer);
    this.stop();
    const moment = new Promise((resolve) => void setTimeout(resolve, momentMs).unref());
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
    this.#setRun({ until, stopping: false, paused: this.#otherBusy, progress: undefined });
    let outcome: LabOutcome = 'done';
    try {
      await this.#saving;
      const token = cancellation.token;
      if (token.isCancellationRequested) throw new EngineError('cancelled', '');
      const onPart = (progress: LabProgress): void => this.#onProgress(progress);
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
      outcome = failure.code === 'cancelled' ? 'stopped' : 'failed';
      if (outcome === 'failed') this.#setError(failure);
      // What the page shows then is what is on disk, and nothing that was not written any more.
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
    // Points that came while the file was read are newer than it.
    const last = lab.training?.points.at(-1)?.step ?? 0;
    this.#setLab(this.#points.filter(({ step }) => step > last).reduce(withPoint, lab));
  }

  /** Until there is nothing that was changed since it was sent. */
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

  #onProgress(progress: LabProgress): void {
    if (this.#run === undefined || this.#folder === undefined) return;
    const before = this.#run.progress?.step;
    this.#run = { ...this.#run, progress };
    const { points = [] } = progress;
    if (this.#lab !== undefined && points.length > 0) {
      this.#points.push(...points);
      this.#lab = points.reduce(withPoint, this.#lab);
    }
    this.#changed.fire({ kind: 'progress', progress });
    // The step before has ended: its results are there.
    if (before !== undefined && before !== progress.step) {
      this.#read(this.#folder).catch((error: unknown) => this.#options.log.warn(String(error)));
    }
  }

  #onOther(busy: boolean): void {
    if (busy === this.#otherBusy) return;
    this.#otherBusy = busy;
    this.#engine?.notify(PauseLab, { paused: busy });
    if (this.#run !== undefined) this.#setRun({ ...this.#run, paused: busy });
  }

  #ask(type: typeof OpenLab, params: { readonly folder: string }): Promise<LabState>;
  #ask(type: typeof SaveLab, params: { readonly folder: string; readonly project: LabProject }): Promise<LabState>;
  #ask(type: typeof OpenLab, params: { readonly folder: string }): Promise<LabState> {
    return this.#ensureEngine().request(type, params);
  }

  /** Counts what is under way, so that a process that is idle can be ended. */
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
      const engine = this.#options.createEngine();
      this.#engine = engine;
      // A new process does not know that it has to wait. It hears this before the request that started it.
      this.#store.add(engine.onDidConnect(() => this.#otherBusy && engine.notify(PauseLab, { paused: true })));
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

function needsCores({ kind }: EngineView): boolean {
  return kind === 'answering' || kind === 'loading';
}
