import { html, nothing, svg, type TemplateResult } from 'lit';
import type { LabComparison } from '../../extension/protocol/lab.ts';
import { formatNumber, t } from '../shared/l10n.ts';
import { ChartElement } from './chart-element.ts';
import { scale, ticks } from './scale.ts';

const height = 170;
const margin = { left: 34, right: 24, top: 10, bottom: 22 };

/**
 * How many tasks fall into each bin, before (outlined) and after (filled).
 *
 * @property comparison - what was measured
 */
export class Histogram extends ChartElement {
  static override readonly properties = { ...ChartElement.properties, comparison: { attribute: false } };
  declare comparison: LabComparison;

  protected override render(): TemplateResult | typeof nothing {
    const { width } = this;
    const { histograms, range, metric } = this.comparison;
    const [before, after] = histograms;
    const most = Math.max(1, ...before, ...after);
    const bins = Math.max(before.length, after.length);
    if (width === 0 || bins === 0) return nothing;
    const x = scale(0, bins, margin.left, width - margin.right);
    const y = scale(0, most, height - margin.bottom, margin.top);
    const bar = Math.max(2, ((width - margin.left - margin.right) / bins) * 0.38);
    const label = t('{0} of the tasks, before and after training. The numbers are in the table below.', metric);
    return html`<svg
      width=${width}
      height=${height}
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label=${label}
      data-testid="histogram"
    >
      ${ticks(0, most, 3)
        .filter((value) => Number.isInteger(value))
        .map(
          (value) =>
            svg`<line class="grid" x1=${margin.left} x2=${width - margin.right} y1=${y.at(value)} y2=${y.at(value)} />
              <text class="tick end" x=${margin.left - 6} y=${y.at(value) + 4}>${formatNumber(value)}</text>`,
        )}
      ${Array.from({ length: bins }, (_, index) => {
        const middle = x.at(index + 0.5);
        return svg`${column('before', middle - bar - 1, bar, before[index] ?? 0, y.at)}
          ${column('after', middle + 1, bar, after[index] ?? 0, y.at)}`;
      })}
      ${edges(range, bins, width < 500 ? 2 : 1).map(
        ([index, text]) => svg`<text class="tick" x=${x.at(index)} y=${height - 6}>${text}</text>`,
      )}
    </svg>`;
  }
}

customElements.define('paddock-histogram', Histogram);

/** The bins as a table: where each begins, and how many tasks are in it. */
export function histogramTable({ histograms, range }: LabComparison): TemplateResult {
  const [before, after] = histograms;
  const bounds = edges(range, before.length, 1);
  return html`<table class="numbers">
    <thead>
      <tr>
        <th scope="col">${t('From')}</th>
        <th scope="col">${t('Before')}</th>
        <th scope="col">${t('After')}</th>
      </tr>
    </thead>
    <tbody>
      ${before.map(
        (count, index) =>
          html`<tr>
            <th scope="row">${bounds[index]?.[1] ?? ''}</th>
            <td>${formatNumber(count)}</td>
            <td>${formatNumber(after[index] ?? 0)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** The last bin has what was above. */
function edges([low, high]: readonly [number, number], bins: number, every: number): readonly [number, string][] {
  return Array.from({ length: bins + 1 }, (_, index): [number, string] => {
    const value = Number((low + ((high - low) * index) / bins).toPrecision(4));
    return [index, index === bins ? t('{0}+', value) : String(value)];
  }).filter(([index]) => index % every === 0);
}

function column(name: string, left: number, width: number, count: number, at: (value: number) => number): unknown {
  if (count === 0) return nothing;
  return svg`<rect class=${name} x=${left} y=${at(count)} width=${width} height=${Math.max(1, at(0) - at(count))} />`;
}
