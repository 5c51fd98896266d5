import type { WrittenResults, FileSummary } from './write-results.ts';
import type { Selection } from './select-records.ts';
import { bandCount, bandRows, candidateProbability, nearThreshold } from './minhash.ts';
import { median } from '../evaluate/statistics.ts';
import type { ModelScore } from './model-score.ts';
import type { CurateOptions } from './options.ts';
import type { InputSummary, ReadResult } from './read-records.ts';
import { groupOf, groups, reasons } from './reasons.ts';
import type { Group, Reason } from './reasons.ts';
import type { SourceVerdict } from './sources.ts';

/** The result of a run. It does not depend on the time or the computer. */
export interface CurateReport {
  readonly records: number;
  readonly kept: number;
  readonly train: number;
  readonly valid: number;
  /** What is left after each step; the first is everything that was read. */
  readonly funnel: readonly FunnelStep[];
  readonly reasons: Readonly<Record<string, { readonly dropped: number; readonly counted: number }>>;
  readonly badLines: number;
  readonly redacted: number;
  readonly found: Readonly<Record<string, number>>;
  readonly sources: readonly SourceVerdict[];
  readonly recommendation: { readonly drop: readonly string[]; readonly dropped: readonly string[] };
  readonly duplicates: {
    readonly bands: number;
    readonly rows: number;
    readonly threshold: number;
    readonly recallAtThreshold: number;
    readonly compared: number;
    readonly skipped: number;
    readonly repeatedPrompts: number;
  };
  readonly lengths: {
    readonly unit: 'tokens' | 'characters';
    readonly least: number;
    readonly most: number;
    /** Buckets 0, 1, 2-3, 4-7 and so on. */
    readonly prompt: readonly number[];
    readonly answer: readonly number[];
  };
  readonly options: {
    readonly seed: number;
    readonly validShare: number;
    readonly keep: readonly Group[];
    readonly secrets: 'redact' | 'drop' | 'keep';
    readonly personal: 'redact' | 'drop' | 'keep';
  };
  /** Medians of the model's scores, and the number of records whose question does not help to predict the answer. */
  readonly scores: {
    readonly records: number;
    readonly loss: number;
    readonly ifd: number;
    readonly unrelated: number;
  };
  readonly inputs: readonly InputSummary[];
  readonly evaluation: readonly InputSummary[];
  readonly files: readonly FileSummary[];
}

export interface FunnelStep {
  readonly step: 'read' | Group;
  readonly dropped: number;
  readonly left: number;
}

export function makeReport(
  options: CurateOptions,
  read: ReadResult,
  evaluation: readonly InputSummary[],
  selection: Selection,
  scores: ReadonlyMap<number, ModelScore>,
  written: WrittenResults,
): CurateReport {
  const records = read.table.length;
  const linesOf = (name: string): number => written.files.find((file) => file.name === name)?.records ?? 0;
  const train = linesOf('train.jsonl');
  const valid = linesOf('valid.jsonl');
  const treatment = (group: Group, drop: boolean): 'redact' | 'drop' | 'keep' =>
    options.keep.has(group) ? 'keep' : drop ? 'drop' : 'redact';
  return {
    records,
    kept: train + valid,
    train,
    valid,
    funnel: makeFunnel(records, written.dropped),
    reasons: Object.fromEntries(
      reasons.map((reason) => [
        reason,
        { dropped: written.dropped.get(reason) ?? 0, counted: written.counted.get(reason) ?? 0 },
      ]),
    ),
    badLines: read.inputs.reduce((sum, { bad }) => sum + badCount(bad), 0),
    redacted: written.redacted,
    found: Object.fromEntries(Object.entries(read.found).sort(([a], [b]) => (a < b ? -1 : 1))),
    sources: selection.sources,
    recommendation: {
      drop: selection.sources.filter(({ recommendDrop }) => recommendDrop).map(({ source }) => source),
      dropped: selection.droppedSources,
    },
    duplicates: {
      bands: bandCount,
      rows: bandRows,
      threshold: nearThreshold,
      recallAtThreshold: Number(candidateProbability(nearThreshold).toFixed(4)),
      compared: selection.compared,
      skipped: selection.skipped,
      repeatedPrompts: selection.repeatedPrompts,
    },
    lengths: {
      unit: options.length.unit,
      least: options.length.least,
      most: options.length.most,
      prompt: read.promptSizes.counts,
      answer: read.answerSizes.counts,
    },
    options: {
      seed: options.seed,
      validShare: options.validShare,
      keep: groups.filter((group) => options.keep.has(group)),
      secrets: treatment('secrets', options.dropSecrets),
      personal: treatment('personal', options.dropPersonal),
    },
    scores: summarizeScores([...scores.values()]),
    inputs: read.inputs,
    evaluation,
    files: written.files,
  };
}

function summarizeScores(scores: readonly ModelScore[]): CurateReport['scores'] {
  const middle = (values: number[]): number => (values.length === 0 ? 0 : Number(median(values).toFixed(4)));
  return {
    records: scores.length,
    loss: middle(scores.map(({ loss }) => loss)),
    ifd: middle(scores.map(({ ifd }) => ifd)),
    unrelated: scores.filter(({ ifd }) => ifd >= 1).length,
  };
}

export function badCount(bad: InputSummary['bad']): number {
  return Object.values(bad).reduce((sum, { count }) => sum + count, 0);
}

function makeFunnel(records: number, dropped: ReadonlyMap<Reason, number>): FunnelStep[] {
  const steps: FunnelStep[] = [{ step: 'read', dropped: 0, left: records }];
  let left = records;
  for (const step of groups) {
    const fallen = reasons
      .filter((reason) => groupOf(reason) === step)
      .reduce((sum, reason) => sum + (dropped.get(reason) ?? 0), 0);
    left -= fallen;
    steps.push({ step, dropped: fallen, left });
  }
  return steps;
}
