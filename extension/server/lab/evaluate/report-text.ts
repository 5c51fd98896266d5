import type { EvaluationReport, MetricReport, SideReport } from './report.ts';
import { dominanceSentence, percent } from './plots.ts';

/** The report as a terminal shows it. */
export function evaluationText(report: EvaluationReport): string {
  const { data, models, engine, seed, metrics } = report;
  const bad = data.badLines === 0 ? '' : `, ${data.badLines} lines that are no tasks`;
  const head = [
    `data    ${data.name}, ${data.tasks} tasks${bad}, sha256 ${data.sha256.slice(0, 16)}`,
    ...models.map(
      (model) =>
        `model   ${model.name}: ${model.quantization}, ${model.tokenizer}, template ${model.template}, context ${model.context}, sha256 ${model.sha256.slice(0, 16)}`,
    ),
    `engine  ${engine.version}, interface ${engine.abi}, kernels ${models[0]?.kernels ?? ''}, seed ${seed}`,
  ];
  return `${head.join('\n')}\n${metrics.map(metricText).join('')}`;
}

function metricText(metric: MetricReport): string {
  const totals = Object.keys(metric.sides[0]?.totals ?? {});
  const head = ['', 'tasks', 'median', 'mean', ...(metric.higherIsBetter ? [] : ['clipped']), 'tokens', ...totals];
  const rows = metric.sides.map((side) => [
    side.model,
    String(side.counted),
    figure(side.median),
    figure(side.mean),
    ...(metric.higherIsBetter ? [] : [percent(side.clipped)]),
    String(side.tokens),
    ...totals.map((name) => figure(side.totals[name] ?? Number.NaN)),
  ]);
  const odd = metric.sides
    .map((side) => [side.model, describeExcluded(side)])
    .filter(([, text]) => text !== 'none')
    .map(([model, text]) => `  ${model}: ${text}\n`);
  return `\n${metric.id}\n${columns([head, ...rows])}${odd.join('')}  ${verdict(metric)}\n`;
}

/** One sentence with the result. */
export function verdict(metric: MetricReport): string {
  const { paired, sides } = metric;
  const [first, second] = sides;
  const middle = (side: SideReport | undefined): string =>
    metric.higherIsBetter ? `mean ${figure(side?.mean ?? Number.NaN)}` : `median ${figure(side?.median ?? Number.NaN)}`;
  if (first === undefined || second === undefined || paired === undefined) {
    return sides
      .map((side) => `${metric.id}: ${side.model} has a ${middle(side)} over ${side.counted} tasks.`)
      .join(' ');
  }
  const { wins, losses, ties, p } = paired;
  return [
    `${metric.id}: ${first.model} has a ${middle(first)}, ${second.model} a ${middle(second)};`,
    `the first is better on ${wins}, worse on ${losses}, equal on ${ties} tasks (sign test p = ${p.toPrecision(2)}).`,
    dominanceSentence(metric),
  ]
    .join(' ')
    .trim();
}

export function describeExcluded({ excluded }: SideReport): string {
  const { empty = 0, tooLong = 0, notANumber = 0 } = excluded;
  const parts = [
    ...(empty > 0 ? [`${empty} empty`] : []),
    ...(tooLong > 0 ? [`${tooLong} beyond the context`] : []),
    ...(notANumber > 0 ? [`${notANumber} not a number`] : []),
  ];
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** Right-aligned but for the first column. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => (row[index] ?? '').length)));
  return rows
    .map((row) => {
      const cells = row.map((cell, index) =>
        index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
      );
      return `  ${cells.join('  ').trimEnd()}\n`;
    })
    .join('');
}

function figure(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(4);
}
