/** What the points of a map can be coloured by. Pure. */
import type { DataMap, DataPoint } from '../../extension/protocol/data-map.ts';
import { t } from '../shared/l10n.ts';

export const colourings = ['source', 'fate', 'loss', 'family'] as const;
export type Colouring = (typeof colourings)[number];

export interface Group {
  readonly label: string;
  /** Number of the colour. */
  readonly colour: number;
  readonly count: number;
}

export interface Grouping {
  readonly groups: readonly Group[];
  /** Of each point, its group. */
  readonly of: readonly number[];
}

/** Colours that can be told apart; what comes after the largest groups shares the last one. */
export const colourCount = 8;

export function groupPoints(map: DataMap, by: Colouring): Grouping {
  switch (by) {
    case 'source':
      return named(map.points, ({ source }) => map.sources[source] ?? '');
    case 'fate':
      return named(map.points, ({ fate }) => fateLabel(map.fates[fate] ?? ''));
    case 'loss':
      return binned(map.points, lossBins(map.points), ({ loss }) => loss, t('not judged'));
    case 'family':
      return binned(map.points, familyBins(), ({ family }) => family, '');
  }
}

export function isKept({ fates }: DataMap, { fate }: DataPoint): boolean {
  return fates[fate] === 'train' || fates[fate] === 'valid';
}

/** The largest group first. */
function named(points: readonly DataPoint[], nameOf: (point: DataPoint) => string): Grouping {
  const counts = new Map<string, number>();
  for (const point of points) counts.set(nameOf(point), (counts.get(nameOf(point)) ?? 0) + 1);
  const ranked = [...counts].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  const shown = ranked.length <= colourCount ? ranked.length : colourCount - 1;
  const numbers = new Map(ranked.map(([name], rank) => [name, Math.min(rank, shown)]));
  const groups = ranked.slice(0, shown).map(([label, count], colour) => ({ label, colour, count }));
  const rest = ranked.slice(shown).reduce((sum, [, count]) => sum + count, 0);
  return {
    groups: rest === 0 ? groups : [...groups, { label: t('all others'), colour: shown, count: rest }],
    of: points.map((point) => numbers.get(nameOf(point)) ?? 0),
  };
}

interface Bin {
  readonly label: string;
  /** Values below it, and not below that of the bin before. */
  readonly below: number;
}

function binned(
  points: readonly DataPoint[],
  bins: readonly Bin[],
  valueOf: (point: DataPoint) => number | undefined,
  without: string,
): Grouping {
  const of = points.map((point) => {
    const value = valueOf(point);
    return value === undefined ? bins.length : bins.findIndex(({ below }) => value < below);
  });
  const count = (group: number): number => of.filter((other) => other === group).length;
  const groups = bins.map(({ label }, colour) => ({ label, colour, count: count(colour) }));
  const unknown = count(bins.length);
  return {
    groups: unknown === 0 ? groups : [...groups, { label: without, colour: colourCount - 1, count: unknown }],
    of,
  };
}

/** Fifths of the values there are. */
function lossBins(points: readonly DataPoint[]): Bin[] {
  const losses = points.flatMap(({ loss }) => (loss === undefined ? [] : [loss])).sort((a, b) => a - b);
  if (losses.length === 0) return [];
  const edges = [...new Set([0.2, 0.4, 0.6, 0.8].map((share) => losses[Math.floor(share * losses.length)] ?? 0))];
  return [...edges, Infinity].map((below, index) => ({
    below,
    label:
      index === 0
        ? t('loss below {0}', format(below))
        : below === Infinity
          ? t('loss from {0}', format(edges.at(-1) ?? 0))
          : t('loss {0} to {1}', format(edges[index - 1] ?? 0), format(below)),
  }));
}

function familyBins(): Bin[] {
  return [
    { label: t('no duplicate'), below: 2 },
    { label: t('2 or 3 alike'), below: 4 },
    { label: t('4 to 9 alike'), below: 10 },
    { label: t('10 or more alike'), below: Infinity },
  ];
}

function fateLabel(fate: string): string {
  if (fate === 'train') return t('for training');
  if (fate === 'valid') return t('for validation');
  return t('dropped: {0}', fate);
}

function format(value: number): string {
  return value === Infinity ? '∞' : value.toFixed(2);
}
