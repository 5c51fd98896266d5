/** Between selecting and writing: scores of the kept records by a model, and the map of all records. */
import type { DataMap, DataPoint } from '../../../protocol/data-map.ts';
import { splitOf } from './write-results.ts';
import type { Selection } from './select-records.ts';
import { layOut, textVectors } from './map.ts';
import { scoreRecords } from './model-score.ts';
import type { ModelScore } from './model-score.ts';
import type { CurateHooks, CurateOptions } from './options.ts';
import { bit, dropMask, firstReason } from './reasons.ts';
import { answerOf, promptOf } from './record.ts';
import { draw } from './draw.ts';
import { StepProgress } from './step-progress.ts';
import type { RecordStore } from './store.ts';
import type { RecordTable } from './table.ts';

/** Scores the kept records or a sample of them, and marks those whose question does not help. */
export async function judgeByModel(
  table: RecordTable,
  store: RecordStore,
  { score, keep, seed }: CurateOptions,
  hooks: CurateHooks,
): Promise<Map<number, ModelScore>> {
  if (score === undefined) {
    return new Map();
  }
  const mask = dropMask(keep);
  const staying = range(table.length).filter((index) => !table.has(index, mask));
  const indices = draw(staying, score.most, seed);
  const progress = new StepProgress(hooks, 'scoring', indices.length);
  const scores = await scoreRecords(
    indices,
    (index) => store.record(index),
    score.measure,
    hooks.signal,
    (done) => progress.pause(done, done),
  );
  for (const [index, { ifd }] of scores) {
    if (ifd >= 1) table.mark(index, bit('unrelated'));
  }
  return scores;
}

/** Undefined when no map is wanted. */
export async function mapRecords(
  table: RecordTable,
  store: RecordStore,
  selection: Selection,
  scores: ReadonlyMap<number, ModelScore>,
  options: CurateOptions,
  hooks: CurateHooks,
): Promise<DataMap | undefined> {
  const { mapPoints, keep, seed } = options;
  if (mapPoints === 0) {
    return undefined;
  }
  const mask = dropMask(keep);
  const indices = draw(range(table.length), mapPoints, seed);
  const progress = new StepProgress(hooks, 'mapping', 1);
  const texts = indices.map((index) => {
    const record = store.record(index);
    return { id: record.id, prompt: promptOf(record), answer: answerOf(record) };
  });
  const places = await layOut(textVectors(texts), seed, (fraction) => progress.pause(fraction, indices.length));
  const families = new Map<number, number>();
  for (let index = 0; index < table.length; index++) {
    const cluster = selection.clusters.find(index);
    families.set(cluster, (families.get(cluster) ?? 0) + 1);
  }
  const fates: string[] = [];
  const fateOf = (index: number): number => {
    const fate = firstReason(table.flags.at(index) & mask) ?? splitOf(index, table, selection, options);
    const known = fates.indexOf(fate);
    return known >= 0 ? known : fates.push(fate) - 1;
  };
  const points = indices.map((index, at): DataPoint => {
    const [x, y] = places[at] ?? [0, 0];
    const { id = '', prompt = '', answer = '' } = texts[at] ?? {};
    const loss = scores.get(index)?.loss;
    return {
      id,
      x,
      y,
      source: table.sources.at(index),
      fate: fateOf(index),
      family: families.get(selection.clusters.find(index)) ?? 1,
      ...(loss === undefined ? {} : { loss: Number(loss.toFixed(3)) }),
      question: excerpt(prompt),
      answer: excerpt(answer),
    };
  });
  return { records: table.length, sources: table.sourceNames, fates, points };
}

function excerpt(text: string): string {
  // Avoids half a surrogate pair at the end.
  const start = text.slice(0, excerptLength).replace(/[\ud800-\udbff]$/u, '');
  return start.length < text.length ? `${start}…` : start;
}

const excerptLength = 160;

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
