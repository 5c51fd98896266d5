/** A project: what its steps are at, and the run of those that are not done. */
import { join, resolve } from 'node:path';
import type {
  LabProgress,
  LabProject,
  LabState,
  LabStepName,
  LabStepStatus,
  LabStepView,
} from '../../../protocol/lab.ts';
import { EngineError } from '../../engine/errors.ts';
import { noTraining } from '../../../protocol/lab.ts';
import type { Session } from '../../session.ts';
import { isThere } from '../../is-there.ts';
import { withFolder } from '../../lock.ts';
import { collectStep } from './collect-step.ts';
import { curateStep } from './curate-step.ts';
import { evaluateStep } from './evaluate-step.ts';
import { readProject, writeProject } from './project-file.ts';
import { releaseStep } from './release-step.ts';
import { placeOfStep, readLastFinished, readRecord, writeRecord } from './step.ts';
import type { LabStep, StepPlace, StepPlaces, Workshop } from './step.ts';
import type { StepRecord, StepResults, TrainStepResult } from './step-results.ts';
import { writeStory } from './story.ts';
import { readCurve, trainStep } from './train-step.ts';

const steps: readonly LabStep<unknown>[] = [collectStep, curateStep, trainStep, releaseStep, evaluateStep];

export interface LabHooks {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: LabProgress) => void;
}

export class Lab {
  readonly #session: Session;
  readonly #folder: string;
  #running: LabStepName | undefined;

  constructor(session: Session, folder: string) {
    this.#session = session;
    this.#folder = resolve(folder);
  }

  async save(project: LabProject): Promise<void> {
    await writeProject(this.#folder, project);
  }

  /**
   * Makes what is not done, up to and with the step `until`. Throws `cancelled`, after which the next run goes on, and
   * `busy` when a run is going on already, here or in another process.
   */
  run(until: LabStepName | undefined, hooks: LabHooks): Promise<void> {
    return withFolder(this.#folder, this.#session.host, () => this.#run(until, hooks));
  }

  async #run(until: LabStepName | undefined, hooks: LabHooks): Promise<void> {
    const workshop = await this.#workshop();
    const before: Partial<Record<LabStepName, StepPlace>> = {};
    try {
      for (const step of steps) {
        this.#running = step.name;
        const inputs = await step.inputs(workshop, before);
        if (inputs !== undefined) {
          const place = placeOfStep(this.#folder, step, inputs);
          await runStep(step, workshop, place, before, hooks);
          before[step.name] = place;
        }
        if (step.name === until) return;
      }
      await writeReport(join(this.#folder, reportName), await this.state(), before);
    } finally {
      this.#running = undefined;
    }
  }

  /** Reads what there is; nothing is computed. */
  async state(): Promise<LabState> {
    const workshop = await this.#workshop();
    const views: LabStepView[] = [];
    const before: Partial<Record<LabStepName, StepPlace>> = {};
    const results: { -readonly [Name in keyof StepResults]?: StepResults[Name] | undefined } = {};
    let hasTrained = false;
    let trainFolder: string | undefined;
    for (const step of steps) {
      const place = await this.#place(step, workshop, before);
      if (place === 'off') {
        views.push({ name: step.name, status: 'off', seconds: undefined });
        continue;
      }
      const record = place && (await readRecord(step.name, place));
      if (place !== undefined) before[step.name] = place;
      // What is outdated is still the best there is to look at, also while it is being made again.
      const remade = this.#running === step.name && record?.state !== 'done';
      const earlier =
        record === undefined || remade ? await readLastFinished(step.name, join(this.#folder, step.name)) : undefined;
      const isEarlier = earlier !== undefined && record?.result === undefined;
      const shown = isEarlier ? earlier.record : record;
      // Each name has the result of its own step.
      Object.assign(results, { [step.name]: shown?.result });
      if (step.name === 'train') hasTrained = shown !== undefined;
      if (step.name === 'train') trainFolder = isEarlier ? earlier.folder : place?.folder;
      views.push({
        name: step.name,
        status: this.#status(step.name, record, earlier?.record),
        seconds: (record ?? shown)?.seconds,
      });
    }
    const report = join(this.#folder, reportName);
    return {
      folder: this.#folder,
      project: workshop.project,
      steps: views,
      collected: results.collect,
      curation: results.curate,
      training: hasTrained ? await trainingOf(trainFolder, results.train) : undefined,
      release: results.release,
      comparison: results.evaluate?.comparison,
      report: (await isThere(report)) ? report : undefined,
    };
  }

  async #workshop(): Promise<Workshop> {
    return { session: this.#session, folder: this.#folder, project: await readProject(this.#folder) };
  }

  /** Undefined while a file or a model that the step needs is missing: the run says so. */
  async #place(step: LabStep<unknown>, workshop: Workshop, before: StepPlaces): Promise<StepPlace | 'off' | undefined> {
    try {
      const inputs = await step.inputs(workshop, before);
      return inputs === undefined ? 'off' : placeOfStep(this.#folder, step, inputs);
    } catch {
      return undefined;
    }
  }

  #status(
    name: LabStepName,
    record: StepRecord<unknown> | undefined,
    earlier: StepRecord<unknown> | undefined,
  ): LabStepStatus {
    if (this.#running === name) return 'running';
    return record?.state ?? (earlier === undefined ? 'waiting' : 'outdated');
  }
}

const reportName = 'report.html';

/** The report reads what the steps have written beside their data: it may have been changed since. */
async function writeReport(path: string, state: LabState, places: StepPlaces): Promise<void> {
  try {
    await writeStory(path, state, places);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    throw new EngineError(
      'invalidArgument',
      `The files of the steps beside ${path} are damaged, so there is no report. Delete the folder of the step "evaluate" or "curate", and start again.`,
      error,
    );
  }
}

/** Leaves a finished step alone, and of an unfinished one what it has. */
async function runStep(
  step: LabStep<unknown>,
  workshop: Workshop,
  place: StepPlace,
  before: StepPlaces,
  { signal, onProgress }: LabHooks,
): Promise<void> {
  const record = await readRecord(step.name, place);
  if (record?.state === 'done') return;
  const start = performance.now();
  const seconds = (): number => (record?.seconds ?? 0) + Number(((performance.now() - start) / 1000).toFixed(1));
  let known: { readonly result?: unknown } = record?.result === undefined ? {} : { result: record.result };
  await writeRecord(place, { state: 'begun', seconds: seconds(), ...known });
  try {
    const result = await step.run(workshop, place, before, {
      signal,
      tell: (progress) => onProgress?.({ step: step.name, ...progress }),
      keep: (result) => {
        known = { result };
        return writeRecord(place, { state: 'begun', seconds: seconds(), ...known });
      },
    });
    await writeRecord(place, { state: 'done', seconds: seconds(), result });
  } catch (error) {
    await writeRecord(place, { state: 'begun', seconds: seconds(), ...known });
    throw error;
  }
}

async function trainingOf(
  folder: string | undefined,
  result: TrainStepResult | undefined,
): Promise<LabState['training']> {
  if (folder === undefined) return undefined;
  const points = await readCurve(folder);
  return { ...noTraining, ...result, points };
}
