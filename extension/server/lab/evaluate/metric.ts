/** A metric gives a value for each task of a data file, and combines the values. */
import type { NativeModel } from '../../engine/binding.ts';
import type { DataFile } from './data-file.ts';

/** Why a task has no value. */
export const exclusions = ['empty', 'tooLong', 'notANumber'] as const;
export type Exclusion = (typeof exclusions)[number];

/** One model's result on one task. Goes through JSON, which knows no NaN: `value` is `null` then. */
export interface TaskResult {
  /** In the metric's own unit; see `Metric.toValue`. */
  readonly raw: number | null;
  /** Tokens that were scored or written. */
  readonly tokens: number;
  readonly excluded?: Exclusion;
  /** Details for a human reader. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
  /** Weight of `raw` in a total, where there is one: bytes. */
  readonly weight?: number;
}

export interface Metric<Task> {
  readonly id: string;
  /** A sentence or two for the report. */
  readonly definition: string;
  readonly higherIsBetter: boolean;
  /** The label of the axis. */
  readonly unit: string;
  /** The range of the plots; values are clipped to it. */
  readonly range: readonly [least: number, most: number];
  /** How many values a task gets, each with a seed of its own; 1 unless answers are drawn at random. */
  readonly samples: number;
  read(path: string): Promise<{ readonly tasks: readonly Task[]; readonly file: DataFile }>;
  idOf(task: Task): string;
  /** Rough work of a task, for the remaining time. */
  weightOf(task: Task): number;
  /** Throws what stops the whole run; a task that cannot be scored is `excluded`. */
  evaluate(model: NativeModel, task: Task, sample: number, signal: AbortSignal): Promise<TaskResult>;
  /** The value of a task from the results of its samples, clipped; undefined when it does not count. */
  toValue(results: readonly TaskResult[]): number | undefined;
  /** Figures of all tasks besides those that every metric has. */
  total?(results: readonly (readonly TaskResult[])[]): Readonly<Record<string, number>>;
}
