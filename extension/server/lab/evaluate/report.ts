/** The results of an evaluation, as printed by `--json`. */
import type { DataFile } from './data-file.ts';
import type { ModelIdentity } from './identity.ts';
import type { Exclusion, Metric, TaskResult } from './metric.ts';
import { comparePaired, dominance, histogram, mean, median } from './statistics.ts';
import type { Dominance, Paired } from './statistics.ts';

export interface EngineIdentity {
  readonly version: string;
  readonly abi: number;
}

export interface Provenance {
  readonly engine: EngineIdentity;
  readonly data: DataFile & { readonly tasks: number };
  readonly models: readonly ModelIdentity[];
  readonly seed: number;
}

export interface SideReport {
  readonly model: string;
  /** Tasks that have a value. */
  readonly counted: number;
  readonly tokens: number;
  readonly median: number;
  readonly mean: number;
  /** Share of the values that were clipped to the upper end of the range. */
  readonly clipped: number;
  /** Tasks by why they have no value, or an odd one: `gt-ppl/gpt4all-2023` counts `notANumber` as 0. */
  readonly excluded: Readonly<Partial<Record<Exclusion, number>>>;
  /** Ten bins over the metric's range. */
  readonly histogram: readonly number[];
  readonly totals: Readonly<Record<string, number>>;
}

export interface MetricReport {
  readonly id: string;
  readonly definition: string;
  readonly unit: string;
  readonly higherIsBetter: boolean;
  readonly range: readonly [number, number];
  readonly sides: readonly SideReport[];
  /** The first model against the second, on the tasks that both have a value for. */
  readonly paired: Paired | undefined;
  readonly dominance: Dominance | undefined;
  /** The values of each task, one per model; `null` = no value. */
  readonly tasks: readonly { readonly id: string; readonly values: readonly (number | null)[] }[];
}

export interface EvaluationReport extends Provenance {
  readonly metrics: readonly MetricReport[];
}

export const bins = 10;

/** `results[side][task][sample]` */
export function reportMetric<Task>(
  metric: Metric<Task>,
  tasks: readonly Task[],
  names: readonly string[],
  results: readonly (readonly (readonly TaskResult[])[])[],
): MetricReport {
  const values = results.map((side) => side.map((samples) => metric.toValue(samples)));
  const pairs = (values[0] ?? []).flatMap((first, task) => {
    const second = values[1]?.[task];
    return first === undefined || second === undefined ? [] : [[first, second] as const];
  });
  const [first, second] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
  const two = results.length === 2 && pairs.length > 0;
  return {
    id: metric.id,
    definition: metric.definition,
    unit: metric.unit,
    higherIsBetter: metric.higherIsBetter,
    range: metric.range,
    sides: results.map((side, index) => reportSide(metric, names[index] ?? '', side, values[index] ?? [])),
    paired: two ? comparePaired(first, second, metric.higherIsBetter) : undefined,
    dominance: two && !metric.higherIsBetter ? dominance(first, second) : undefined,
    tasks: tasks.map((task, index) => ({
      id: metric.idOf(task),
      values: values.map((side) => side[index] ?? null),
    })),
  };
}

function reportSide<Task>(
  metric: Metric<Task>,
  model: string,
  results: readonly (readonly TaskResult[])[],
  values: readonly (number | undefined)[],
): SideReport {
  const counted = values.filter((value) => value !== undefined);
  const [least, most] = metric.range;
  const excluded: Partial<Record<Exclusion, number>> = {};
  for (const result of results.flat()) {
    if (result.excluded !== undefined) {
      excluded[result.excluded] = (excluded[result.excluded] ?? 0) + 1;
    }
  }
  return {
    model,
    counted: counted.length,
    tokens: results.flat().reduce((sum, { tokens }) => sum + tokens, 0),
    median: median(counted),
    mean: mean(counted),
    clipped: metric.higherIsBetter ? 0 : counted.filter((value) => value >= most).length / counted.length,
    excluded,
    histogram: histogram(counted, least, most, bins).counts,
    totals: metric.total?.(results) ?? {},
  };
}
