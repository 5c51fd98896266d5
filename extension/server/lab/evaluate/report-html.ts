import { formatBytes } from '../../../protocol/format.ts';
import { markup, page, table } from '../html/page.ts';
import type { Html } from '../html/page.ts';
import { distributionFigure, histogramFigure, percent, scatterFigure } from './plots.ts';
import type { EvaluationReport, MetricReport, Provenance } from './report.ts';
import { describeExcluded, verdict } from './report-text.ts';

/** The whole report as a page. */
export function evaluationPage(report: EvaluationReport): string {
  const names = report.models.map(({ name }) => name).join(' against ');
  const title = `${names}: ${report.metrics.map(({ id }) => id).join(', ')}`;
  return page(
    title,
    markup`<h1>${title}</h1>
      ${report.metrics.map((metric) => markup`<p>${verdict(metric)}</p>`)} ${report.metrics.map(metricSection)}
      ${provenanceSection(report)}`,
  );
}

function metricSection(metric: MetricReport): Html {
  const totals = Object.keys(metric.sides[0]?.totals ?? {});
  const rows = metric.sides.map((side) => [
    side.model,
    side.counted,
    number(side.median),
    number(side.mean),
    percent(side.clipped),
    side.tokens.toLocaleString('en-US'),
    describeExcluded(side),
    ...totals.map((name) => number(side.totals[name] ?? Number.NaN)),
  ]);
  const { paired } = metric;
  const pairs =
    paired === undefined
      ? ''
      : table(
          'Paired comparison of the first model with the second',
          ['', 'pairs', 'wins', 'ties', 'losses', 'win rate', 'p (sign test, two-sided)'],
          [
            [
              metric.sides[0]?.model ?? '',
              paired.pairs,
              paired.wins,
              paired.ties,
              paired.losses,
              Number.isNaN(paired.winRate) ? '–' : percent(paired.winRate),
              paired.p.toPrecision(3),
            ],
          ],
        );
  const plots = metric.higherIsBetter
    ? []
    : [histogramFigure(metric), distributionFigure(metric), scatterFigure(metric)].filter((plot) => plot !== undefined);
  return markup`<section>
    <h2>${metric.id}</h2>
    <p class="soft">${metric.definition}</p>
    ${table('Results', ['model', 'tasks', 'median', 'mean', 'clipped', 'tokens', 'left out or odd', ...totals], rows)}
    ${pairs}${plots}
  </section> `;
}

/** The inputs that determine the figures. */
export function provenanceSection({ data, models, engine, seed }: Provenance): Html {
  const rows: (readonly [string, ...(string | number)[]])[] = [
    ['file', ...models.map(({ file }) => file)],
    ['SHA-256', ...models.map(({ sha256 }) => sha256)],
    ['architecture', ...models.map(({ architecture }) => architecture)],
    ['quantization', ...models.map(({ quantization }) => quantization)],
    ['parameters', ...models.map(({ parameters }) => parameters.toLocaleString('en-US'))],
    ['tokenizer', ...models.map(({ tokenizer }) => tokenizer)],
    ['chat template', ...models.map(({ template }) => template)],
    ['context', ...models.map(({ context }) => context)],
    ['keys and values', ...models.map(({ cache }) => cache)],
    ['activations', ...models.map(({ activations }) => activations)],
    ['kernels, threads', ...models.map(({ kernels, threads }) => `${kernels}, ${threads}`)],
  ];
  return markup`<section>
    <h2>What was measured</h2>
    ${table('Data', ['file', 'tasks', 'size', 'SHA-256', 'lines that are no tasks'], [[data.name, data.tasks, formatBytes(data.bytes), data.sha256, data.badLines]])}
    ${table('Models', ['', ...models.map(({ name }) => name)], rows)}
    <p class="soft">Paddock ${engine.version}, engine interface ${engine.abi}, seed ${seed}.</p>
  </section>`;
}

function number(value: number): string {
  return Number.isNaN(value) ? '–' : Number(value.toPrecision(6)).toLocaleString('en-US', { maximumFractionDigits: 4 });
}
