/** What each step has found, and the checks of it: a project's folder comes from anybody. */
import { exactly, flag, list, number, object, optional, text, whole, withDefault } from '../../../protocol/check.ts';
import type { Check } from '../../../protocol/check.ts';
import type {
  LabAnswer,
  LabComparison,
  LabCuration,
  LabRelease,
  LabSource,
  LabTraining,
} from '../../../protocol/lab.ts';

export interface CollectResult {
  readonly answers: number;
  readonly questions: number;
  readonly tokens: number;
}

export type TrainStepResult = Omit<LabTraining, 'points'> & { readonly parameters: number; readonly precision: string };

export type ReleaseResult = LabRelease & { readonly bitsPerWeight: number; readonly sourceBytes: number };

export interface EvaluateResult {
  readonly comparison: LabComparison;
  /** Of 2023, for the story. */
  readonly historic: LabComparison;
}

export interface StepResults {
  readonly collect: CollectResult;
  readonly curate: LabCuration;
  readonly train: TrainStepResult;
  readonly release: ReleaseResult;
  readonly evaluate: EvaluateResult;
}

/** NaN and infinity are null in JSON. */
const measured: Check<number> = (value, place) => (value === null ? Number.NaN : number()(value, place));

function pair<T>(check: Check<T>): Check<readonly [T, T]> {
  const both = list(check, { least: 2, most: 2 });
  return (value, place) => {
    const [first, second] = both(value, place) as [T, T];
    return [first, second];
  };
}

const source: Check<LabSource> = object<LabSource>({
  source: text(),
  records: whole(),
  medianAnswerWords: measured,
  shortShare: measured,
  uniqueRatio: measured,
  recommendDrop: flag,
  dropped: flag,
});

const comparison: Check<LabComparison> = object<LabComparison>({
  metric: text(),
  unit: text(),
  tasks: whole(),
  medians: pair(measured),
  means: pair(measured),
  histograms: pair(list(whole())),
  range: pair(number()),
  wins: whole(),
  ties: whole(),
  losses: whole(),
  p: measured,
  answers: list(object<LabAnswer>({ question: text(), before: text(), after: text() })),
});

export const resultChecks: { readonly [Name in keyof StepResults]: Check<StepResults[Name]> } = {
  collect: object<CollectResult>({ answers: whole(), questions: whole(), tokens: whole() }),
  curate: object<LabCuration>({
    records: whole(),
    train: whole(),
    valid: whole(),
    funnel: list(object({ step: text(), dropped: whole(), left: whole() })),
    sources: list(source),
    redacted: whole(),
    map: optional(text()),
  }),
  // A run that goes on has told only some of it.
  train: object<TrainStepResult>({
    steps: optional(whole()),
    samples: optional(whole()),
    tokens: optional(whole()),
    firstValidLoss: optional(number()),
    validLoss: optional(number()),
    stoppedEarly: withDefault(flag, false),
    parameters: withDefault(whole(), 0),
    precision: withDefault(text(), ''),
  }),
  release: object<ReleaseResult>({
    path: text(),
    bytes: whole(),
    quantization: text(),
    bitsPerWeight: measured,
    sourceBytes: whole(),
  }),
  evaluate: object<EvaluateResult>({ comparison, historic: comparison }),
};

export interface StepRecord<Result> {
  readonly id: string;
  readonly state: 'begun' | 'done';
  /** Of all runs. */
  readonly seconds: number;
  readonly result?: Result;
}

/** Of the file that says whether a step is done. */
export function recordCheck<Name extends keyof StepResults>(name: Name): Check<StepRecord<StepResults[Name]>> {
  const begun = object({
    id: text(),
    state: exactly('begun'),
    seconds: number(0),
    result: optional(resultChecks[name]),
  });
  const done = object({ id: text(), state: exactly('done'), seconds: number(0), result: resultChecks[name] });
  return (value, place) => {
    const { state } = object({ state: text() })(value, place);
    const record: { id: string; state: 'begun' | 'done'; seconds: number; result?: StepResults[Name] | undefined } =
      state === 'done' ? done(value, place) : begun(value, place);
    const { result, ...rest } = record;
    return result === undefined ? rest : { ...rest, result };
  };
}
