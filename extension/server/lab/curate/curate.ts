/**
 * Turns question-and-answer records into a training set: reads and judges them, compares, selects, writes. The input is
 * read once. Records are kept in a working file, and memory holds only numbers about them. All results appear together
 * at the end. Until then they are in a temporary folder, which is deleted when the run fails or is cancelled. The same
 * input and options give the same bytes.
 */
import { createHash } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EngineError } from '../../engine/errors.ts';
import { writeResults } from './write-results.ts';
import type { FileSummary } from './write-results.ts';
import { dataCard } from './card.ts';
import { selectRecords } from './select-records.ts';
import { judgeByModel, mapRecords } from './scores-and-map.ts';
import type { CurateHooks, CurateOptions } from './options.ts';
import { readEvaluation, readRecords } from './read-records.ts';
import { makeReport } from './report.ts';
import type { CurateReport } from './report.ts';
import { RecordStore } from './store.ts';

export async function curate(options: CurateOptions, hooks: CurateHooks): Promise<CurateReport> {
  const created = await mkdir(options.folder, { recursive: true });
  const working = join(options.folder, workingName);
  // Left by a killed run.
  await rm(working, { recursive: true, force: true });
  await mkdir(working);
  let done = false;
  try {
    const report = await run(options, working, hooks);
    done = true;
    return report;
  } finally {
    await rm(working, { recursive: true, force: true });
    if (!done && created !== undefined) {
      await rmdir(options.folder).catch(() => {});
    }
  }
}

const workingName = '.curate-working';
const manifestName = 'manifest.json';
export const mapName = 'map.json';

async function run(options: CurateOptions, working: string, hooks: CurateHooks): Promise<CurateReport> {
  refuseOwnOutput(options);
  const evaluation = await readEvaluation(options.evaluation, hooks.signal);
  const store = new RecordStore(working);
  try {
    const read = await readRecords(options, evaluation.texts, store, hooks);
    if (read.table.length === 0) {
      throw new EngineError('invalidArgument', 'The input has no readable record.');
    }
    const unknown = options.dropSources.filter((name) => !read.table.sourceNames.includes(name));
    if (unknown.length > 0) {
      const known = read.table.sourceNames.slice(0, 20).join(', ');
      throw new EngineError('invalidArgument', `There is no source ${unknown.join(', ')}. There are: ${known}.`);
    }
    const selection = await selectRecords(read.table, store, options, hooks);
    const scores = await judgeByModel(read.table, store, options, hooks);
    const map = await mapRecords(read.table, store, selection, scores, options, hooks);
    const written = await writeResults(read.table, store, selection, scores, options, working, hooks);
    const draft = makeReport(options, read, evaluation.files, selection, scores, written);
    const card = writeText(working, 'card.md', dataCard(draft));
    const mapped = map === undefined ? [] : [writeText(working, mapName, `${JSON.stringify(map)}\n`)];
    const report = { ...draft, files: [...draft.files, card, ...mapped] };
    writeText(working, manifestName, `${JSON.stringify(report, undefined, 2)}\n`);
    hooks.signal.throwIfAborted();
    publish(
      working,
      options.folder,
      report.files.map(({ name }) => name),
    );
    return report;
  } finally {
    store.close();
  }
}

/** Synchronous, so that no signal interrupts it. The manifest is last: it marks the other files as complete. */
function publish(working: string, folder: string, names: readonly string[]): void {
  rmSync(join(folder, manifestName), { force: true });
  for (const name of [...names, manifestName]) {
    renameSync(join(working, name), join(folder, name));
  }
}

function refuseOwnOutput({ inputs, evaluation, folder }: CurateOptions): void {
  const made = new Set(['train.jsonl', 'valid.jsonl', 'attributes.jsonl'].map((name) => resolve(folder, name)));
  const own = [...inputs, ...evaluation].find((path) => made.has(resolve(path)));
  if (own !== undefined) {
    throw new EngineError('invalidArgument', `${own} would be replaced by the results. Choose another folder.`);
  }
}

function writeText(folder: string, name: string, text: string): FileSummary {
  const bytes = Buffer.from(text);
  writeFileSync(join(folder, name), bytes);
  return { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
