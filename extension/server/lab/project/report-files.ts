/** The reports that curating and evaluating leave beside their results: read and checked for a project's page. */
import { readFile } from 'node:fs/promises';
import { exactly, flag, list, number, object, oneOf, optional, record, text, whole } from '../../../protocol/check.ts';
import type { Check } from '../../../protocol/check.ts';
import { EngineError } from '../../engine/errors.ts';
import { checked } from '../../params.ts';
import type { FileSummary } from '../curate/write-results.ts';
import { groups } from '../curate/reasons.ts';
import type { CurateReport, FunnelStep } from '../curate/report.ts';
import type { InputSummary } from '../curate/read-records.ts';
import type { SourceVerdict } from '../curate/sources.ts';
import type { ModelIdentity } from '../evaluate/identity.ts';
import type { EvaluationReport, MetricReport, SideReport } from '../evaluate/report.ts';
import type { Dominance, Paired } from '../evaluate/statistics.ts';
import { measured, pair } from './step-results.ts';

/** The part of `manifest.json` that a project's page shows. */
export type CurationReport = Pick<CurateReport, 'records' | 'train' | 'valid' | 'funnel' | 'redacted' | 'scores'> & {
  readonly sources: readonly ShownSource[];
  readonly recommendation: { readonly dropped: readonly string[] };
  readonly inputs: readonly Pick<InputSummary, 'name' | 'sha256'>[];
  readonly files: readonly Pick<FileSummary, 'name' | 'sha256'>[];
};

type ShownSource = Pick<
  SourceVerdict,
  'source' | 'records' | 'medianAnswerWords' | 'shortShare' | 'uniqueRatio' | 'nearDuplicateRate' | 'recommendDrop'
>;

/** Throws `invalidArgument` when the file is damaged. */
export function readCurationReport(path: string): Promise<CurationReport> {
  return readReport(path, curation);
}

/** Throws `invalidArgument` when the file is damaged. */
export function readEvaluationReport(path: string): Promise<EvaluationReport> {
  return readReport(path, evaluation);
}

async function readReport<T>(path: string, check: Check<T>): Promise<T> {
  const content = await readFile(path, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new EngineError('invalidArgument', `${path} is damaged. Delete its folder and run the project again.`, error);
  }
  return checked(check, value, `${path}: `);
}

const file = object<Pick<FileSummary, 'name' | 'sha256'>>({ name: text(), sha256: text() });

const curation: Check<CurationReport> = object<CurationReport>({
  records: whole(),
  train: whole(),
  valid: whole(),
  funnel: list(object<FunnelStep>({ step: oneOf(['read', ...groups]), dropped: whole(), left: whole() })),
  redacted: whole(),
  scores: object<CurateReport['scores']>({ records: whole(), loss: measured, ifd: measured, unrelated: whole() }),
  sources: list(
    object<ShownSource>({
      source: text(),
      records: whole(),
      medianAnswerWords: measured,
      shortShare: measured,
      uniqueRatio: measured,
      nearDuplicateRate: measured,
      recommendDrop: flag,
    }),
  ),
  recommendation: object<CurationReport['recommendation']>({ dropped: list(text()) }),
  inputs: list(file),
  files: list(file),
});

const model: Check<ModelIdentity> = object<ModelIdentity>({
  name: text(),
  file: text(),
  sha256: text(),
  architecture: text(),
  quantization: text(),
  parameters: whole(),
  tokenizer: text(),
  template: text(),
  context: whole(),
  cache: oneOf(['f16', 'q8']),
  activations: oneOf(['int8', 'f32']),
  kernels: text(),
  threads: whole(),
});

const side: Check<SideReport> = object<SideReport>({
  model: text(),
  counted: whole(),
  tokens: number(0),
  median: measured,
  mean: measured,
  clipped: measured,
  excluded: object<SideReport['excluded']>({
    empty: optional(whole()),
    tooLong: optional(whole()),
    notANumber: optional(whole()),
  }),
  histogram: list(whole()),
  totals: record(measured),
});

/** A task without a value has null. */
const value: Check<number | null> = (one, place) => (one === null ? exactly(null)(one, place) : number()(one, place));

const metric: Check<MetricReport> = object<MetricReport>({
  id: text(),
  definition: text(),
  unit: text(),
  higherIsBetter: flag,
  range: pair(number()),
  sides: list(side),
  paired: optional(
    object<Paired>({
      pairs: whole(),
      wins: whole(),
      ties: whole(),
      losses: whole(),
      winRate: measured,
      p: measured,
    }),
  ),
  dominance: optional(
    object<Dominance>({
      lower: oneOf(['first', 'second', 'neither', 'equal']),
      mostAbove: measured,
      mostBelow: measured,
    }),
  ),
  tasks: list(object<MetricReport['tasks'][number]>({ id: text(), values: list(value) })),
});

const evaluation: Check<EvaluationReport> = object<EvaluationReport>({
  engine: object<EvaluationReport['engine']>({ version: text(), abi: whole() }),
  data: object<EvaluationReport['data']>({
    name: text(),
    bytes: whole(),
    sha256: text(),
    badLines: whole(),
    tasks: whole(),
  }),
  models: list(model),
  seed: number(),
  metrics: list(metric),
});
