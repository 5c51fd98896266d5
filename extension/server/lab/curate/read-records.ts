/** The first step: reads every input once, judges each record by itself and adds it to the store. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { EngineError } from '../../engine/errors.ts';
import { EvaluationTexts } from './decontaminate.ts';
import { Histogram, Judge } from './judge.ts';
import { shingleWords } from './minhash.ts';
import type { CurateHooks, CurateOptions } from './options.ts';
import { fileSize, readFileItems } from './read-file.ts';
import { bit } from './reasons.ts';
import { answerOf, promptOf } from './record.ts';
import type { CurateRecord } from './record.ts';
import { toRecords } from './shapes.ts';
import type { BadReason } from './shapes.ts';
import { StepProgress } from './step-progress.ts';
import type { RecordStore } from './store.ts';
import { RecordTable } from './table.ts';
import { ngramHashes, sortedSet, textKey, wordHashes } from './words.ts';

export interface InputSummary {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly records: number;
  /** Lines that are no records, and where the first of them stand. */
  readonly bad: Readonly<Partial<Record<BadReason, { readonly count: number; readonly lines: readonly number[] }>>>;
}

export interface ReadResult {
  readonly table: RecordTable;
  readonly inputs: readonly InputSummary[];
  readonly promptSizes: Histogram;
  readonly answerSizes: Histogram;
  readonly found: Readonly<Record<string, number>>;
}

export async function readRecords(
  options: CurateOptions,
  evaluation: EvaluationTexts,
  store: RecordStore,
  hooks: CurateHooks,
): Promise<ReadResult> {
  const sizes = await Promise.all(options.inputs.map(fileSize));
  const progress = new StepProgress(
    hooks,
    'reading',
    sizes.reduce((sum, size) => sum + size, 0),
  );
  const table = new RecordTable();
  const judge = new Judge(options.length, evaluation);
  const [promptSizes, answerSizes] = [new Histogram(), new Histogram()];
  const inputs: InputSummary[] = [];
  let done = 0;
  for (const path of options.inputs) {
    const summary = await eachRecord(path, uniqueName(path, options.inputs), async (record, bytes) => {
      if (record === undefined) {
        done += bytes;
      } else {
        const { flags, promptSize, answerSize } = judge.judge(record);
        promptSizes.add(promptSize);
        answerSizes.add(answerSize);
        addRow(table, store, record, flags, promptSize + answerSize);
      }
      await progress.pause(done, table.length);
    });
    inputs.push(summary);
  }
  return { table, inputs, promptSizes, answerSizes, found: judge.found };
}

/** The texts of evaluation files, with or without answers. */
export async function readEvaluation(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<{ texts: EvaluationTexts; files: InputSummary[] }> {
  const texts = new EvaluationTexts();
  const files: InputSummary[] = [];
  for (const path of paths) {
    const summary = await eachRecord(
      path,
      basename(path),
      async (record) => {
        signal.throwIfAborted();
        if (record !== undefined) texts.add(record);
      },
      // A question without an answer is worth protecting too.
      (value) => (typeof value === 'object' && value !== null ? { output: '', ...value } : value),
    );
    if (summary.records === 0) {
      throw new EngineError('invalidArgument', `${path} has no records to compare with.`);
    }
    files.push(summary);
  }
  return { texts, files };
}

/** Calls `take` with each record, and after each batch with `undefined` and the bytes that were read. */
async function eachRecord(
  path: string,
  name: string,
  take: (record: CurateRecord | undefined, bytes: number) => Promise<void>,
  prepare: (value: unknown) => unknown = (value) => value,
): Promise<InputSummary> {
  const hash = createHash('sha256');
  const bad: Partial<Record<BadReason, { count: number; lines: number[] }>> = {};
  let size = 0;
  let records = 0;
  const onBytes = (bytes: Uint8Array): void => {
    hash.update(bytes);
    size += bytes.length;
  };
  const source = name.replace(/\.(?:jsonl?|ndjson|parquet|gz)\b/giu, '');
  for await (const { items, bytes } of readFileItems(path, { onBytes })) {
    for (const { line, value, bad: broken } of items) {
      const made = broken ?? toRecords(prepare(value), { id: `${name}:${line}`, source });
      if (typeof made === 'string') {
        const entry = (bad[made] ??= { count: 0, lines: [] });
        entry.count++;
        if (entry.lines.length < mostLinesNamed) entry.lines.push(line);
        continue;
      }
      for (const record of made) {
        records++;
        await take(record, 0);
      }
    }
    await take(undefined, bytes);
  }
  return { name, bytes: size, sha256: hash.digest('hex'), records, bad };
}

const mostLinesNamed = 20;

/** The file's name, numbered when two inputs share it. Never a path, which is private. */
function uniqueName(path: string, all: readonly string[]): string {
  const name = basename(path);
  const same = all.filter((other) => basename(other) === name);
  return same.length === 1 ? name : `${name}#${same.indexOf(path) + 1}`;
}

function addRow(table: RecordTable, store: RecordStore, record: CurateRecord, flags: number, size: number): void {
  const prompt = promptOf(record);
  const answer = answerOf(record);
  const promptWords = wordHashes(prompt);
  const answerWords = wordHashes(answer);
  const words = new Uint32Array(promptWords.length + answerWords.length);
  words.set(promptWords);
  words.set(answerWords, promptWords.length);
  const [keyHigh, keyLow] = textKey(`${prompt}\n\u0001${answer}`);
  const [promptHigh, promptLow] = textKey(prompt);
  table.flags.push(flags);
  table.sources.push(table.sourceNumber(record.source));
  table.promptWords.push(Math.min(65535, promptWords.length));
  table.answerWords.push(Math.min(65535, answerWords.length));
  table.size.push(size);
  table.keyHigh.push(keyHigh);
  table.keyLow.push(keyLow);
  table.promptHigh.push(promptHigh);
  table.promptLow.push(promptLow);
  // Malformed records are never compared.
  const compared = (flags & bit('malformed/empty')) === 0;
  store.add(record, compared ? sortedSet(ngramHashes(words, shingleWords)) : new Uint32Array(0));
}
