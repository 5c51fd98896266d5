/** The three pictures of an evaluation: the histogram of 2023, distribution functions, and task against task. */
import { figure, markup, table } from '../html/page.ts';
import type { Html } from '../html/page.ts';
import { colours, drawPlot, niceTicks, path, round } from '../html/plot.ts';
import type { Axis } from '../html/plot.ts';
import { bins } from './report.ts';
import type { MetricReport } from './report.ts';
import { ascending } from './statistics.ts';

export function histogramFigure({ id, sides, unit, range: [least, most] }: MetricReport): Html {
  const width = (most - least) / bins;
  const edges = Array.from({ length: bins + 1 }, (_, index) => least + index * width);
  const highest = Math.max(1, ...sides.flatMap((side) => side.histogram));
  const plot = drawPlot({
    title: `Histogram of ${id}`,
    description: `How many tasks fall into each of ten bins of ${unit} from ${least} to ${most}; what is above stands in the last one. ${sides.map(({ model, histogram }) => `${model}: ${histogram.join(', ')}.`).join(' ')}`,
    x: { label: unit, least, most, ticks: edges, format: short },
    y: { label: 'tasks', least: 0, most: highest * 1.08, ticks: niceTicks(highest) },
    legend: sides.map(({ model }) => model),
    draw: ({ x, y }) =>
      sides.flatMap(({ histogram }, side) =>
        histogram.map((count, bin) => {
          const [from, to] = [x(edges[bin] ?? 0), x(edges[bin + 1] ?? 0)];
          const bar = (to - from - 8) / sides.length;
          const left = from + 4 + side * bar;
          return markup`<rect
              class="${colours[side] ?? ''}"
              x="${round(left)}"
              y="${round(y(count))}"
              width="${round(bar - 1)}"
              height="${round(y(0) - y(count))}"
            />${count === 0 ? '' : markup`<text x="${round(left + bar / 2)}" y="${round(y(count) - 4)}" text-anchor="middle">${count}</text>`}`;
        }),
      ),
  });
  const rows = edges
    .slice(0, bins)
    .map((edge, bin) => [
      `${short(edge)} to ${short(edges[bin + 1] ?? edge)}`,
      ...sides.map(({ histogram }) => histogram[bin] ?? 0),
    ]);
  return figure(
    plot,
    `Tasks by ${unit}. The last bin has what was clipped.`,
    table('Tasks in each bin', [unit, ...sides.map(({ model }) => model)], rows),
  );
}

export function distributionFigure(report: MetricReport): Html {
  const { id, sides, tasks, unit, range } = report;
  const [least, most] = range;
  const sorted = sides.map((_, side) =>
    tasks
      .map(({ values }) => values[side])
      .filter((value) => typeof value === 'number')
      .sort(ascending),
  );
  const marks = Array.from({ length: bins + 1 }, (_, index) => least + (index * (most - least)) / bins);
  const share = (values: readonly number[], at: number): number =>
    values.filter((value) => value <= at).length / Math.max(1, values.length);
  const rows = marks.map((at) => [short(at), ...sorted.map((values) => percent(share(values, at)))]);
  const plot = drawPlot({
    title: `Distribution of ${id}`,
    description: `The share of tasks with at most this ${unit}. ${dominanceSentence(report)}`,
    x: { label: unit, least, most, ticks: marks, format: short },
    y: { label: 'share of tasks', least: 0, most: 1, ticks: [0, 0.25, 0.5, 0.75, 1], format: percent },
    legend: sides.map(({ model }) => model),
    draw: (frame) => sorted.map((values, side) => path(steps(values, least, most), frame, colours[side] ?? '')),
  });
  return figure(
    plot,
    `The share of tasks with at most this ${unit}; a curve that is nowhere below the other is stochastically lower. ${dominanceSentence(report)}`,
    table('Share of tasks with at most this value', [unit, ...sides.map(({ model }) => model)], rows),
  );
}

export function scatterFigure({
  id,
  sides,
  tasks,
  unit,
  range: [least, most],
  paired,
}: MetricReport): Html | undefined {
  const [first, second] = sides;
  const pairs = tasks.flatMap(({ values: [a, b] }) =>
    typeof a === 'number' && typeof b === 'number' ? [[a, b] as const] : [],
  );
  if (first === undefined || second === undefined || paired === undefined) {
    return undefined;
  }
  // Perplexities spread over orders of magnitude.
  const logarithmic = most >= 100;
  const start = logarithmic ? 1 : least;
  const axis = (label: string): Axis => ({
    label,
    least: start,
    most: most * (logarithmic ? 1.15 : 1),
    ticks: logarithmic ? [1, 2, 5, 10, 20, 50, 100] : niceTicks(most),
    logarithmic,
  });
  const words = `${first.model} is lower on ${pairs.filter(([a, b]) => a < b).length} of ${pairs.length} tasks, ${second.model} on ${pairs.filter(([a, b]) => a > b).length}.`;
  const plot = drawPlot({
    title: `Task by task: ${id}`,
    description: `Each dot is a task: ${unit} of ${second.model} to the right, of ${first.model} upwards. ${words}`,
    x: axis(`${unit} of ${second.model}`),
    y: axis(`${unit} of ${first.model}`),
    legend: [],
    draw: ({ x, y }) => [
      markup`<line
        class="axis"
        x1="${round(x(start))}"
        y1="${round(y(start))}"
        x2="${round(x(most))}"
        y2="${round(y(most))}"
      />`,
      ...pairs.map(
        ([a, b]) =>
          markup`<circle class="dot ${a < b ? 'first' : a > b ? 'second' : 'equal'}" cx="${round(x(b))}" cy="${round(y(a))}" r="3.5" />`,
      ),
    ],
  });
  const rows = tasks.map(({ id: task, values }) => [
    task,
    ...values.map((value) => (value === null ? '–' : value.toFixed(3))),
  ]);
  return figure(
    plot,
    `Each dot is a task; below the line ${first.model} is lower. ${words}`,
    table('Every task', ['task', first.model, second.model], rows),
  );
}

export function dominanceSentence({ dominance, sides: [first, second] }: MetricReport): string {
  if (dominance === undefined || first === undefined || second === undefined) {
    return '';
  }
  const { lower, mostAbove, mostBelow } = dominance;
  return {
    first: `${first.model} is stochastically lower than ${second.model}, by up to ${percent(mostAbove)} of the tasks.`,
    second: `${second.model} is stochastically lower than ${first.model}, by up to ${percent(mostBelow)} of the tasks.`,
    equal: 'Both have the same values.',
    neither: `Neither dominates: the curve of ${first.model} is up to ${percent(mostAbove)} above and up to ${percent(mostBelow)} below the other.`,
  }[lower];
}

function steps(sorted: readonly number[], least: number, most: number): [number, number][] {
  const points: [number, number][] = [[least, 0]];
  sorted.forEach((value, index) => {
    const at = Math.min(most, Math.max(least, value));
    points.push([at, index / sorted.length], [at, (index + 1) / sorted.length]);
  });
  return [...points, [most, 1]];
}

export function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

function short(value: number): string {
  return String(Number(value.toFixed(2)));
}
