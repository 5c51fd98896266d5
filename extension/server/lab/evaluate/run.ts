/** Runs metrics over the tasks of a file, on one model after the other. */
import type { Engine } from '../../engine/engine.ts';
import { EngineError } from '../../engine/errors.ts';
import { either, flag, number, object, oneOf, optional, record, text, whole } from '../../../protocol/check.ts';
import type { Check } from '../../../protocol/check.ts';
import { Journal } from '../journal.ts';
import { RemainingTime } from '../remaining-time.ts';
import type { ModelFile, ModelIdentity } from './identity.ts';
import { exclusions } from './metric.ts';
import type { Metric, TaskResult } from './metric.ts';
import { reportMetric } from './report.ts';
import type { EngineIdentity, EvaluationReport, MetricReport } from './report.ts';

/** A model to evaluate. It is opened when its turn comes, so that only one model needs memory. */
export interface Side {
  readonly file: ModelFile;
  open(): Promise<{ readonly engine: Engine; readonly identity: ModelIdentity }>;
  close(): Promise<void>;
}

export interface EvaluateOptions<Task> {
  readonly path: string;
  /** They share one way of reading tasks. */
  readonly metrics: readonly Metric<Task>[];
  /** One, or two to be compared. */
  readonly sides: readonly Side[];
  readonly engine: EngineIdentity;
  readonly seed: number;
  /** The first tasks only; undefined = all. */
  readonly limit: number | undefined;
  /** What else the results depend on. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** Where results are kept as they come. */
  readonly state: string | undefined;
}

export interface EvaluateHooks {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: EvaluateProgress) => void;
}

export interface EvaluateProgress {
  readonly model: string;
  readonly metric: string;
  readonly done: number;
  readonly total: number;
  readonly remainingSeconds: number | undefined;
}

interface Entry extends TaskResult {
  readonly side: number;
  readonly metric: string;
  readonly task: number;
  readonly sample: number;
}

const entryCheck: Check<Entry> = object<Entry>({
  side: whole(),
  metric: text(),
  task: whole(),
  sample: whole(),
  raw: (value, place) => (value === null ? null : number()(value, place)),
  tokens: whole(),
  excluded: optional(oneOf(exclusions)),
  detail: optional(record(either(text(), either(number(), flag)))),
  weight: optional(number()),
});

/** Throws `cancelled`, after which the state holds what was done. */
export async function evaluate<Task>(options: EvaluateOptions<Task>, hooks: EvaluateHooks): Promise<EvaluationReport> {
  const { metrics, sides } = options;
  const first = metrics[0];
  if (first === undefined) {
    throw new EngineError('invalidArgument', 'There is no metric to evaluate.');
  }
  const { tasks: all, file } = await first.read(options.path);
  const tasks = all.slice(0, options.limit);
  const journal =
    options.state === undefined ? undefined : new Journal(options.state, identityOf(options, file), entryCheck);
  try {
    const table = new ResultTable(journal);
    const models = await runSides(options, tasks, table, hooks);
    const reports = metrics.map((metric): MetricReport => {
      const results = sides.map((_, side) =>
        tasks.map((_task, task) => samplesOf(metric).map((sample) => table.get(side, metric.id, task, sample))),
      );
      const names = sides.map((side) => side.file.name);
      return reportMetric(
        metric,
        tasks,
        names,
        results.map((side) => side.map((samples) => samples.filter((result) => result !== undefined))),
      );
    });
    return {
      engine: options.engine,
      data: { ...file, tasks: tasks.length },
      models,
      seed: options.seed,
      metrics: reports,
    };
  } finally {
    journal?.close();
  }
}

async function runSides<Task>(
  { metrics, sides }: EvaluateOptions<Task>,
  tasks: readonly Task[],
  table: ResultTable,
  { signal, onProgress }: EvaluateHooks,
): Promise<ModelIdentity[]> {
  const jobs = sides.map((_, side) =>
    metrics.flatMap((metric) =>
      tasks.flatMap((task, index) => samplesOf(metric).map((sample) => ({ side, metric, task, index, sample }))),
    ),
  );
  const isOpen = ({
    side,
    metric,
    index,
    sample,
  }: {
    side: number;
    metric: Metric<Task>;
    index: number;
    sample: number;
  }) => table.get(side, metric.id, index, sample) === undefined;
  const total = jobs.flat().length;
  const open = jobs.flat().filter(isOpen);
  let done = total - open.length;
  const remaining = new RemainingTime(open.reduce((sum, { metric, task }) => sum + metric.weightOf(task), 0));
  const identities: ModelIdentity[] = [];
  for (const [side, list] of jobs.entries()) {
    const opened = await sides[side]?.open();
    if (opened === undefined) continue;
    identities.push(opened.identity);
    remaining.start();
    for (const { metric, task, index, sample } of list.filter(isOpen)) {
      const progress = { model: opened.identity.name, metric: metric.id, done, total };
      onProgress?.({ ...progress, remainingSeconds: remaining.seconds() });
      const result = await opened.engine.runInBackground(signal, (model, either) =>
        metric.evaluate(model, task, sample, either),
      );
      table.set({ side, metric: metric.id, task: index, sample, ...result });
      remaining.add(metric.weightOf(task));
      done++;
    }
    remaining.pause();
    await sides[side]?.close();
  }
  return identities;
}

/** Results by side, metric, task and sample; new ones go into the journal. */
class ResultTable {
  readonly #journal: Journal<Entry> | undefined;
  readonly #results = new Map<string, TaskResult>();

  constructor(journal: Journal<Entry> | undefined) {
    this.#journal = journal;
    journal?.entries.forEach((entry) => this.#keep(entry));
  }

  get(side: number, metric: string, task: number, sample: number): TaskResult | undefined {
    return this.#results.get([side, metric, task, sample].join(' '));
  }

  set(entry: Entry): void {
    this.#journal?.append(entry);
    this.#keep(entry);
  }

  #keep({ side, metric, task, sample, ...result }: Entry): void {
    this.#results.set([side, metric, task, sample].join(' '), result);
  }
}

function samplesOf({ samples }: { readonly samples: number }): number[] {
  return Array.from({ length: samples }, (_, sample) => sample);
}

/** Excludes the metrics and the limit: a later run may extend both. */
function identityOf<Task>(options: EvaluateOptions<Task>, data: { readonly sha256: string }): Record<string, unknown> {
  return {
    kind: 'evaluation',
    version: 1,
    data: data.sha256,
    models: options.sides.map(({ file }) => file.sha256),
    seed: options.seed,
    settings: options.settings,
  };
}
