/** The second step, between reading and writing: clusters, sources, and the record that is kept of each cluster. */
import type { CurateHooks, CurateOptions } from './options.ts';
import { KeyIndex, findDuplicates } from './duplicates.ts';
import { bit, dropMask } from './reasons.ts';
import { answerOf } from './record.ts';
import { judgeSources, sampleRecords, sampleStatistics } from './sources.ts';
import type { SourceStatistics, SourceVerdict } from './sources.ts';
import { StepProgress } from './step-progress.ts';
import type { RecordStore } from './store.ts';
import type { RecordTable } from './table.ts';
import { UnionFind } from './union-find.ts';

export interface Selection {
  readonly sources: readonly SourceVerdict[];
  readonly droppedSources: readonly string[];
  readonly clusters: UnionFind;
  /** The kept record of each cluster, by the cluster's name. */
  readonly best: Uint32Array;
  /** Clusters joined with records of the same prompt. A family must not be split between training and validation. */
  readonly families: UnionFind;
  readonly compared: number;
  readonly skipped: number;
  readonly repeatedPrompts: number;
}

export async function selectRecords(
  table: RecordTable,
  store: RecordStore,
  options: CurateOptions,
  hooks: CurateHooks,
): Promise<Selection> {
  const mask = dropMask(options.keep);
  dropMarked(table, store, options);
  const stays = (index: number): boolean => !table.has(index, mask);
  const progress = new StepProgress(hooks, 'comparing', table.length);
  const { clusters, compared, skipped } = await findDuplicates(
    {
      length: table.length,
      takesPart: stays,
      keyHigh: table.keyHigh,
      keyLow: table.keyLow,
      shingles: (index) => store.shingles(index),
    },
    (done) => progress.pause(done, done),
  );
  const sources = await describeSources(table, store, clusters, stays, options.seed, progress);
  const droppedSources = table.sourceNames.filter(
    (name) =>
      options.dropSources.includes(name) ||
      (options.dropRecommended && sources.some(({ source, recommendDrop }) => recommendDrop && source === name)),
  );
  const dropped = new Set(droppedSources.map((name) => table.sourceNames.indexOf(name)));
  for (let index = 0; index < table.length; index++) {
    if (dropped.has(table.sources.at(index))) table.mark(index, bit('sources'));
  }
  const best = chooseBest(table, clusters, stays);
  const { families, repeatedPrompts } = joinPrompts(table, clusters);
  return { sources, droppedSources, clusters, best, families, compared, skipped, repeatedPrompts };
}

/** Marks the records that the options drop: those with findings, and those chosen by the user. */
function dropMarked(
  table: RecordTable,
  store: RecordStore,
  { dropSecrets, dropPersonal, dropIds }: CurateOptions,
): void {
  for (let index = 0; index < table.length; index++) {
    if (dropSecrets && table.has(index, bit('has-secret'))) table.mark(index, bit('secrets'));
    if (dropPersonal && table.has(index, bit('has-personal'))) table.mark(index, bit('personal'));
    if (dropIds.size > 0 && dropIds.has(store.record(index).id)) table.mark(index, bit('chosen'));
  }
}

async function describeSources(
  table: RecordTable,
  store: RecordStore,
  clusters: UnionFind,
  stays: (index: number) => boolean,
  seed: number,
  progress: StepProgress,
): Promise<SourceVerdict[]> {
  const samples = sampleRecords((index) => (stays(index) ? table.sources.at(index) : undefined), table.length, seed);
  const statistics: SourceStatistics[] = [];
  const totals = table.sourceNames.map(() => ({ records: 0, short: 0, repeated: 0 }));
  for (let index = 0; index < table.length; index++) {
    const total = totals[table.sources.at(index)];
    if (total === undefined || !stays(index)) continue;
    total.records++;
    if (table.answerWords.at(index) <= 3) total.short++;
    if (clusters.find(index) !== index) total.repeated++;
  }
  for (const [number, source] of table.sourceNames.entries()) {
    await progress.pause(table.length, table.length);
    const { records = 0, short = 0, repeated = 0 } = totals[number] ?? {};
    const answers = (samples[number] ?? []).map((index) => answerOf(store.record(index)));
    statistics.push({
      source,
      records,
      medianAnswerWords: table.median(table.answerWords, (index) => table.sources.at(index) === number && stays(index)),
      shortShare: short / Math.max(1, records),
      nearDuplicateRate: repeated / Math.max(1, records),
      ...sampleStatistics(answers),
    });
  }
  return judgeSources(statistics);
}

/** Marks all but the best record of each cluster. */
function chooseBest(table: RecordTable, clusters: UnionFind, stays: (index: number) => boolean): Uint32Array {
  const best = Uint32Array.from({ length: table.length }, (_, index) => clusters.find(index));
  const isBetter = (a: number, b: number): boolean => {
    if (stays(a) !== stays(b)) return stays(a);
    const findings = bit('has-secret') | bit('has-personal');
    if (table.has(a, findings) !== table.has(b, findings)) return !table.has(a, findings);
    return table.answerWords.at(a) > table.answerWords.at(b);
  };
  for (let index = 0; index < table.length; index++) {
    const cluster = clusters.find(index);
    if (index !== cluster && isBetter(index, best[cluster] ?? cluster)) best[cluster] = index;
  }
  for (let index = 0; index < table.length; index++) {
    const kept = best[clusters.find(index)] ?? index;
    if (kept !== index && stays(index)) {
      const same =
        table.keyHigh.at(kept) === table.keyHigh.at(index) && table.keyLow.at(kept) === table.keyLow.at(index);
      table.mark(index, same ? bit('duplicates/exact') : bit('duplicates/near'));
    }
  }
  return best;
}

function joinPrompts(table: RecordTable, clusters: UnionFind): { families: UnionFind; repeatedPrompts: number } {
  const families = new UnionFind(table.length);
  const prompts = new KeyIndex(table.length);
  let repeatedPrompts = 0;
  for (let index = 0; index < table.length; index++) {
    families.join(clusters.find(index), index);
    // A plain text has no prompt to share.
    if (table.promptWords.at(index) === 0) continue;
    const first = prompts.findOrAdd(table.promptHigh.at(index), table.promptLow.at(index), index);
    if (first !== index) {
      repeatedPrompts++;
      table.mark(index, bit('prompt-seen'));
      families.join(first, index);
    }
  }
  return { families, repeatedPrompts };
}
