/** A project: the status of its steps, and the run of the open ones. */
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
import { pathExists } from '../../path-exists.ts';
import { withFolder } from '../../lock.ts';
import { collectStep } from './collect-step.ts';
import { curateStep } from './curate-step.ts';
import { evaluateStep } from './evaluate-step.ts';
import { readProject, writeProject } from './project-file.ts';
import { releaseStep } from './release-step.ts';
import { outputOfStep, readLastFinished, readRecord, writeRecord } from './step.ts';
import type { LabStep, StepOutput, StepOutputs, StepContext } from './step.ts';
import type { StepRecord, StepResults, TrainStepResult } from './step-results.ts';
import { writeProjectReport } from './project-report.ts';
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
   * Runs the open steps up to and including `until`. Throws `cancelled`, after which the next run resumes, and `busy`
   * when a run is active in this or another process.
   */
  run(until: LabStepName | undefined, hooks: LabHooks): Promise<void> {
    return withFolder(this.#folder, this.#session.host, () => this.#run(until, hooks));
  }

  async #run(until: LabStepName | undefined, hooks: LabHooks): Promise<void> {
    const context = await this.#context();
    const before: Partial<Record<LabStepName, StepOutput>> = {};
    try {
      for (const step of steps) {
        this.#running = step.name;
        const inputs = await step.inputs(context, before);
        if (inputs !== undefined) {
          const output = outputOfStep(this.#folder, step, inputs);
          await runStep(step, context, output, before, hooks);
          before[step.name] = output;
        }
        if (step.name === until) return;
      }
      await writeReport(join(this.#folder, reportName), await this.state(), before);
    } finally {
      this.#running = undefined;
    }
  }

  /** Reads the state from disk and computes nothing. */
  async state(): Promise<LabState> {
    const context = await this.#context();
    const views: LabStepView[] = [];
    const before: Partial<Record<LabStepName, StepOutput>> = {};
    const results: { -readonly [Name in keyof StepResults]?: StepResults[Name] | undefined } = {};
    let hasTrained = false;
    let trainFolder: string | undefined;
    for (const step of steps) {
      const output = await this.#outputOf(step, context, before);
      if (output === 'off') {
        views.push({ name: step.name, status: 'off', seconds: undefined });
        continue;
      }
      const record = output && (await readRecord(step.name, output));
      if (output !== undefined) before[step.name] = output;
      // An outdated result is shown until it is replaced, also during the run.
      const remade = this.#running === step.name && record?.state !== 'done';
      const earlier =
        record === undefined || remade ? await readLastFinished(step.name, join(this.#folder, step.name)) : undefined;
      const isEarlier = earlier !== undefined && record?.result === undefined;
      const shown = isEarlier ? earlier.record : record;
      // Each name has the result of its own step.
      Object.assign(results, { [step.name]: shown?.result });
      if (step.name === 'train') hasTrained = shown !== undefined;
      if (step.name === 'train') trainFolder = isEarlier ? earlier.folder : output?.folder;
      views.push({
        name: step.name,
        status: this.#status(step.name, record, earlier?.record),
        seconds: (record ?? shown)?.seconds,
      });
    }
    const report = join(this.#folder, reportName);
    return {
      folder: this.#folder,
      project: context.project,
      steps: views,
      collected: results.collect,
      curation: results.curate,
      training: hasTrained ? await trainingOf(trainFolder, results.train) : undefined,
      release: results.release,
      comparison: results.evaluate?.comparison,
      report: (await pathExists(report)) ? report : undefined,
    };
  }

  async #context(): Promise<StepContext> {
    return { session: this.#session, folder: this.#folder, project: await readProject(this.#folder) };
  }

  /** Undefined while an input file or model is missing. The run reports that. */
  async #outputOf(
    step: LabStep<unknown>,
    context: StepContext,
    before: StepOutputs,
  ): Promise<StepOutput | 'off' | undefined> {
    try {
      const inputs = await step.inputs(context, before);
      return inputs === undefined ? 'off' : outputOfStep(this.#folder, step, inputs);
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

/** The report reads files that the steps have written. They may have changed since. */
async function writeReport(path: string, state: LabState, outputs: StepOutputs): Promise<void> {
  try {
    await writeProjectReport(path, state, outputs);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    throw new EngineError(
      'invalidArgument',
      `The files of the steps beside ${path} are damaged, so there is no report. Delete the folder of the step "evaluate" or "curate", and start again.`,
      error,
    );
  }
}

/** Skips a finished step. A failed or stopped one keeps its partial results. */
async function runStep(
  step: LabStep<unknown>,
  context: StepContext,
  output: StepOutput,
  before: StepOutputs,
  { signal, onProgress }: LabHooks,
): Promise<void> {
  const record = await readRecord(step.name, output);
  if (record?.state === 'done') return;
  const start = performance.now();
  const seconds = (): number => (record?.seconds ?? 0) + Number(((performance.now() - start) / 1000).toFixed(1));
  let known: { readonly result?: unknown } = record?.result === undefined ? {} : { result: record.result };
  await writeRecord(output, { state: 'begun', seconds: seconds(), ...known });
  try {
    const result = await step.run(context, output, before, {
      signal,
      tell: (progress) => onProgress?.({ step: step.name, ...progress }),
      keep: (result) => {
        known = { result };
        return writeRecord(output, { state: 'begun', seconds: seconds(), ...known });
      },
    });
    await writeRecord(output, { state: 'done', seconds: seconds(), result });
  } catch (error) {
    await writeRecord(output, { state: 'begun', seconds: seconds(), ...known });
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
