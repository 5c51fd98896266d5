/** The curve of a run of training. */
import type { LossPoint } from '../../../protocol/lab.ts';
import { mean } from '../evaluate/statistics.ts';
import { figure, markup, table } from '../html/page.ts';
import type { Html } from '../html/page.ts';
import { drawPlot, niceTicks, path, round } from '../html/plot.ts';

/** Undefined when there is nothing to draw. */
export function lossFigure(points: readonly LossPoint[]): Html | undefined {
  const steps = points.flatMap(({ step, loss }) => (loss === undefined ? [] : [[step, loss] as const]));
  const looks = points.flatMap(({ step, validLoss }) => (validLoss === undefined ? [] : [[step, validLoss] as const]));
  const all = [...steps, ...looks];
  if (all.length === 0) {
    return undefined;
  }
  const last = Math.max(1, ...all.map(([step]) => step));
  const losses = all.map(([, loss]) => loss);
  const [least, most] = [Math.min(...losses), Math.max(...losses)];
  const room = Math.max(0.05, (most - least) * 0.08);
  const words = [
    training(steps.map(([, loss]) => loss)),
    looks.length === 0 ? '' : `from ${format(looks[0]?.[1])} to ${format(looks.at(-1)?.[1])} on the validation set`,
  ]
    .filter((part) => part !== '')
    .join(', ');
  const plot = drawPlot({
    title: 'Loss',
    description: `The loss at each of ${last} steps: ${words}.`,
    x: { label: 'step', least: 0, most: last, ticks: niceTicks(last).map(Math.round) },
    y: {
      label: 'loss, nats per token',
      least: Math.max(0, least - room),
      most: most + room,
      ticks: ticksBetween(least, most),
      format,
    },
    legend: ['training, mean of neighbours', ...(looks.length === 0 ? [] : ['validation'])],
    draw: (frame) => [
      path(smooth(steps), frame, 'first'),
      path(looks, frame, 'second'),
      ...looks.map(
        ([step, loss]) =>
          markup`<circle class="second" cx="${round(frame.x(step))}" cy="${round(frame.y(loss))}" r="4" />`,
      ),
    ],
  });
  return figure(
    plot,
    `The loss goes ${words}.`,
    table(
      'Loss',
      ['after step', 'training', 'validation'],
      points.map(({ step, loss, validLoss }) => [
        step,
        loss === undefined ? '–' : format(loss),
        validLoss === undefined ? '–' : format(validLoss),
      ]),
    ),
  );
}

/** One step has a few samples, so that its loss says little of the run. */
function training(losses: readonly number[]): string {
  if (losses.length === 0) return '';
  const quarter = Math.max(1, Math.floor(losses.length / 4));
  const [first, last] = [losses.slice(0, quarter), losses.slice(-quarter)].map((part) => format(mean(part)));
  const what = quarter === 1 ? '' : ' (means of the first and the last quarter of the steps)';
  return `from ${first} to ${last} in training${what}`;
}

/** Of a few samples each, steps are noisy: the mean of a window that is a twentieth of the run. */
export function smooth(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const half = Math.floor(points.length / 40);
  return points.map(([step], at) => {
    const window = points.slice(Math.max(0, at - half), at + half + 1);
    return [step, mean(window.map(([, loss]) => loss))];
  });
}

function ticksBetween(least: number, most: number): number[] {
  const ticks = niceTicks(most - least || most || 1);
  const step = (ticks[1] ?? 1) - (ticks[0] ?? 0);
  const first = Math.ceil(least / step) * step;
  return Array.from({ length: Math.floor((most - first) / step) + 1 }, (_, index) => first + index * step);
}

function format(value: number | undefined): string {
  return value === undefined ? '–' : String(Number(value.toFixed(3)));
}
