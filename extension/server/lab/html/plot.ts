/** Plots as SVG: axes, and what is drawn between them. Colours come from the page's style. */
import { Html, markup } from './page.ts';

export interface Axis {
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly ticks: readonly number[];
  readonly logarithmic?: boolean;
  readonly format?: (value: number) => string;
}

export interface Plot {
  readonly title: string;
  /** Description for screen readers. */
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  /** Legend of the first and the second colour. */
  readonly legend: readonly string[];
  readonly draw: (frame: Frame) => readonly Html[];
}

/** Values -> positions in the picture. */
export interface Frame {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

export const colours = ['first', 'second'] as const;

const size = { width: 720, height: 380 };
const margin = { left: 58, right: 16, top: 40, bottom: 48 };

export function drawPlot(plot: Plot): Html {
  const right = size.width - margin.right;
  const bottom = size.height - margin.bottom;
  const frame = { x: scale(plot.x, margin.left, right), y: scale(plot.y, bottom, margin.top) };
  const id = `plot-${plot.title.toLowerCase().replaceAll(/[^a-z0-9]+/gu, '-')}`;
  return markup`<svg
    viewBox="0 0 ${size.width} ${size.height}"
    role="img"
    aria-labelledby="${id}-title ${id}-description"
  >
    <title id="${id}-title">${plot.title}</title>
    <desc id="${id}-description">${plot.description}</desc>
    ${plot.x.ticks.map((tick) => {
      const x = round(frame.x(tick));
      return markup`<line class="grid" x1="${x}" y1="${margin.top}" x2="${x}" y2="${bottom}" /><text
          class="soft"
          x="${x}"
          y="${bottom + 16}"
          text-anchor="middle"
          >${format(plot.x, tick)}</text
        >`;
    })}
    ${plot.y.ticks.map((tick) => {
      const y = round(frame.y(tick));
      return markup`<line class="grid" x1="${margin.left}" y1="${y}" x2="${right}" y2="${y}" /><text
          class="soft"
          x="${margin.left - 6}"
          y="${round(y + 4)}"
          text-anchor="end"
          >${format(plot.y, tick)}</text
        >`;
    })}
    ${plot.draw(frame)}
    <path class="axis" d="M${margin.left} ${margin.top}V${bottom}H${right}" />
    <text class="soft" x="${(margin.left + right) / 2}" y="${size.height - 10}" text-anchor="middle">
      ${plot.x.label}
    </text>
    <text class="soft" x="${-(margin.top + bottom) / 2}" y="14" text-anchor="middle" transform="rotate(-90)">
      ${plot.y.label}
    </text>
    ${legend(plot.legend)}
  </svg>`;
}

/** A step function or a curve through points. */
export function path(points: readonly (readonly [number, number])[], { x, y }: Frame, colour: string): Html {
  const d = points.map(([a, b], index) => `${index === 0 ? 'M' : 'L'}${round(x(a))} ${round(y(b))}`).join('');
  return markup`<path class="line ${colour}" d="${new Html(d)}" />`;
}

/** From 0 in steps of 1, 2 or 5 times a power of ten, about five of them. */
export function niceTicks(most: number): number[] {
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const count = Math.floor(most / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Where the axis is logarithmic, what is below its beginning stands there. */
function scale({ least, most, logarithmic = false }: Axis, from: number, to: number): (value: number) => number {
  const place = logarithmic ? (value: number) => Math.log(Math.max(least, value)) : (value: number) => value;
  const [a, b] = [place(least), place(most)];
  return (value) => from + ((place(value) - a) / (b - a)) * (to - from);
}

function format(axis: Axis, value: number): string {
  return axis.format?.(value) ?? String(value);
}

/** Names may be long, and the second one starts where the first ends. */
function legend(names: readonly string[]): Html[] {
  let x = margin.left;
  return names.map((name, index) => {
    const short = name.length > 44 ? `${name.slice(0, 43)}…` : name;
    const colour = colours[index] ?? 'first';
    const at = x;
    x += 40 + short.length * 6.6;
    return markup`<rect class="${colour}" x="${at}" y="14" width="14" height="10" /><text x="${at + 20}" y="23"
        >${short}</text
      >`;
  });
}
