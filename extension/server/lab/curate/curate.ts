/**
 * Turns collected question-and-answer records into a training set: reads and judges, compares, decides, writes. The
 * input
 * is read once; records lie in a working file and only numbers about them in memory.
 *
 * The results appear together at the end: until then they have a folder of their own, which goes when the run fails or
 * is
 * cancelled. The same input and options give the same bytes.
 */
import { createHash } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EngineError } from '../../engine/errors.ts';
import { apply } from './apply.ts';
import type { FileSummary } from './apply.ts';
import { dataCard } from './card.ts';
import { decide } from './decide.ts';
import { judgeByModel, mapRecords } from './look.ts';
import type { CurateHooks, CurateOptions } from './options.ts';
import { readEvaluation, readRecords } from './read-records.ts';
import { makeReport } from './report.ts';
import type { CurateReport } from './report.ts';
import { RecordStore } from './store.ts';

export async function curate(options: CurateOptions, hooks: CurateHooks): Promise<CurateReport> {
  const created = await mkdir(options.folder, { recursive: true });
  const working = join(options.folder, workingName);
  // What a killed run has left behind.
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
      throw new EngineError('invalidArgument', 'There is no record in the input that could be understood.');
    }
    const unknown = options.dropSources.filter((name) => !read.table.sourceNames.includes(name));
    if (unknown.length > 0) {
      const known = read.table.sourceNames.slice(0, 20).join(', ');
      throw new EngineError('invalidArgument', `There is no source ${unknown.join(', ')}. There are: ${known}.`);
    }
    const decisions = await decide(read.table, store, options, hooks);
    const scores = await judgeByModel(read.table, store, options, hooks);
    const map = await mapRecords(read.table, store, decisions, scores, options, hooks);
    const applied = await apply(read.table, store, decisions, scores, options, working, hooks);
    const draft = makeReport(options, read, evaluation.files, decisions, scores, applied);
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

/** Without a pause in which a signal could come between; the manifest is last, and says that the rest is whole. */
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
