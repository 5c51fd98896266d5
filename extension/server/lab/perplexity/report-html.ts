import { figure, markup, page, table } from '../html/page.ts';
import type { Html } from '../html/page.ts';
import { drawPlot, path } from '../html/plot.ts';
import { provenanceSection } from '../evaluate/report-html.ts';
import type { Provenance } from '../evaluate/report.ts';
import { ascending, quantile } from '../evaluate/statistics.ts';
import type { DivergenceReport } from './divergence.ts';

export interface PerplexityReport extends Provenance {
  readonly metric: 'perplexity/llama.cpp';
  readonly perplexity: number;
  readonly stderr: number;
  /** Scored tokens. */
  readonly tokens: number;
  readonly windows: number;
  readonly context: number;
  readonly divergence: DivergenceReport | undefined;
}

/** `kld`: of every scored token, empty without a base. */
export function perplexityPage(report: PerplexityReport, kld: readonly number[]): string {
  const names = report.models.map(({ name }) => name).join(' against ');
  const { divergence } = report;
  return page(
    `${names}: perplexity`,
    markup`<h1>${names}: perplexity</h1>
<p>${perplexityText(report).split('\n')[0] ?? ''}</p>
<p class="soft">Windows of ${report.context} tokens with a fresh context each, bos where the model wants it, the second half scored; ${report.tokens} tokens of ${report.windows} windows.</p>
${divergence === undefined ? '' : divergenceSection(divergence, kld)}
${provenanceSection(report)}`,
  );
}

export function perplexityText({ perplexity, stderr, tokens, divergence }: PerplexityReport): string {
  const first = `perplexity ${perplexity.toFixed(4)} +/- ${stderr.toFixed(5)} over ${tokens} tokens\n`;
  if (divergence === undefined) {
    return first;
  }
  const rows = divergenceRows(divergence).map(([name, value, error]) =>
    `${name.padEnd(26)}${value.padStart(12)}${error === '' ? '' : ` +/- ${error}`}`.trimEnd(),
  );
  return `${first}\n${rows.join('\n')}\n`;
}

function divergenceRows(found: DivergenceReport): [string, string, string][] {
  const { kld, deltaP, sameTop } = found;
  const percent = (share: number): string => `${(100 * share).toFixed(3)} %`;
  const plain = (name: string, value: number): [string, string, string] => [name, value.toFixed(6), ''];
  return [
    ['perplexity of the base', found.basePerplexity.toFixed(6), found.basePerplexityError.toFixed(6)],
    ['ratio', found.ratio.value.toFixed(6), found.ratio.error.toFixed(6)],
    ['ln of the ratio', found.logRatio.value.toFixed(6), found.logRatio.error.toFixed(6)],
    ['difference', found.difference.value.toFixed(6), found.difference.error.toFixed(6)],
    ['correlation of ln', percent(found.correlation), ''],
    ['mean KLD', kld.value.toFixed(6), kld.error.toFixed(6)],
    plain('maximum KLD', kld.max),
    plain('99.9 % KLD', kld.p999),
    plain('99 % KLD', kld.p99),
    plain('95 % KLD', kld.p95),
    plain('median KLD', kld.median),
    ['mean delta p', percent(deltaP.value), percent(deltaP.error)],
    ['RMS delta p', percent(deltaP.rms.value), percent(deltaP.rms.error)],
    ['maximum delta p', percent(deltaP.max), ''],
    ['median delta p', percent(deltaP.median), ''],
    ['minimum delta p', percent(deltaP.min), ''],
    ['same top token', percent(sameTop.value), percent(sameTop.error)],
  ];
}

function divergenceSection(found: DivergenceReport, kld: readonly number[]): Html {
  const sorted = Float64Array.from(kld).sort(ascending);
  const shares = Array.from({ length: 201 }, (_, index) => index / 200);
  const points = shares.map((share) => [Math.max(least, quantile(sorted, share)), share] as const);
  const plot = drawPlot({
    title: 'Distribution of the divergence',
    description: `The share of tokens with at most this divergence from the base. Median ${found.kld.median.toPrecision(3)}, 99 % ${found.kld.p99.toPrecision(3)}, maximum ${found.kld.max.toPrecision(3)} nats.`,
    x: {
      label: 'Kullback-Leibler divergence, nats',
      least,
      most: Math.max(10, found.kld.max),
      ticks: [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10],
      logarithmic: true,
    },
    y: {
      label: 'share of tokens',
      least: 0,
      most: 1,
      ticks: [0, 0.25, 0.5, 0.75, 1],
      format: (share) => `${100 * share} %`,
    },
    legend: [],
    draw: (frame) => [path(points, frame, 'first')],
  });
  const numbers = table(
    'Divergence at which a share of the tokens is reached',
    ['share', 'nats'],
    [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1].map((share) => [
      `${100 * share} %`,
      quantile(sorted, share).toPrecision(4),
    ]),
  );
  return markup`<section><h2>Against the base</h2>
${table('Figures', ['', 'value', 'standard error'], divergenceRows(found))}
${figure(plot, 'The share of tokens whose prediction is at most this far from that of the base.', numbers)}</section>`;
}

/** Where the axis begins; less is rounding. */
const least = 1e-5;
