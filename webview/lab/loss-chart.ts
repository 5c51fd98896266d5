import { html, nothing, svg, type TemplateResult } from 'lit';
import type { LossPoint } from '../../extension/protocol/lab.ts';
import { formatNumber, t } from '../shared/l10n.ts';
import { ChartElement } from './chart-element.ts';
import { path, scale, smooth, thin, ticks } from './scale.ts';

const height = 190;
const margin = { left: 34, right: 12, top: 10, bottom: 22 };

/**
 * The loss over the steps: each step faint, smoothed as a line, validation as dots.
 *
 * @property points - what was measured
 * @property steps - how many there are to make; 0 = not known
 */
export class LossChart extends ChartElement {
  static override readonly properties = {
    ...ChartElement.properties,
    points: { attribute: false },
    steps: { attribute: false },
  };
  declare points: readonly LossPoint[];
  declare steps: number;

  protected override render(): TemplateResult | typeof nothing {
    const { width, points } = this;
    const losses = points.flatMap(({ step, loss }) => (loss === undefined ? [] : [[step, loss] as const]));
    const valid = points.flatMap(({ step, validLoss }) =>
      validLoss === undefined ? [] : [[step, validLoss] as const],
    );
    const values = [...losses, ...valid].map(([, value]) => value);
    if (width === 0 || values.length === 0) return nothing;
    const last = Math.max(this.steps, points.at(-1)?.step ?? 0, 1);
    const [low, high] = [least(values), most(values)];
    const pad = Math.max(0.02, 0.06 * (high - low));
    const x = scale(0, last, margin.left, width - margin.right);
    const y = scale(Math.max(0, low - pad), high + pad, height - margin.bottom, margin.top);
    const at = ([step, value]: readonly [number, number]): readonly [number, number] => [x.at(step), y.at(value)];
    const smoothed = smooth(
      losses.map(([, loss]) => loss),
      Math.round(losses.length / 30),
    );
    const line = losses.map(([step], index) => [step, smoothed[index] ?? 0] as const);
    return html`<svg
      width=${width}
      height=${height}
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label=${label(losses, valid)}
      data-testid="loss-chart"
    >
      ${ticks(y.low, y.high, 4).map(
        (value) =>
          svg`<line class="grid" x1=${margin.left} x2=${width - margin.right} y1=${y.at(value)} y2=${y.at(value)} />
            <text class="tick end" x=${margin.left - 6} y=${y.at(value) + 4}>${value}</text>`,
      )}
      ${ticks(0, last, width < 500 ? 4 : 8)
        .filter((value) => Number.isInteger(value))
        .map((value) => svg`<text class="tick" x=${x.at(value)} y=${height - 6}>${formatNumber(value)}</text>`)}
      ${svg`<path class="raw" d=${path(thin(losses, width).map(at))} />
        <path class="smoothed" d=${path(thin(line, width).map(at))} />
        <path class="looks" d=${path(valid.map(at))} />`}
      ${valid.map(at).map(([cx, cy]) => svg`<circle class="look" cx=${cx} cy=${cy} r="3.5" />`)}
    </svg>`;
  }
}

customElements.define('paddock-loss-chart', LossChart);

function label(losses: readonly (readonly [number, number])[], valid: readonly (readonly [number, number])[]): string {
  const ends = (points: readonly (readonly [number, number])[]): [string, string] => [
    (points[0]?.[1] ?? 0).toFixed(2),
    (points.at(-1)?.[1] ?? 0).toFixed(2),
  ];
  return [
    ...(losses.length > 0 ? [t('Training loss from {0} to {1}.', ...ends(losses))] : []),
    ...(valid.length > 0 ? [t('Validation loss from {0} to {1}.', ...ends(valid))] : []),
  ].join(' ');
}

/** A run may have more points than a call may have arguments. */
function least(values: readonly number[]): number {
  return values.reduce((found, value) => Math.min(found, value), Infinity);
}

function most(values: readonly number[]): number {
  return values.reduce((found, value) => Math.max(found, value), -Infinity);
}
