/**
 * The third step: writes one line of attributes per record, and splits the kept records into training and validation.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Selection } from './select-records.ts';
import type { CurateHooks, CurateOptions } from './options.ts';
import type { ModelScore } from './model-score.ts';
import { bit, dropMask, firstReason, namesOf, reasons } from './reasons.ts';
import type { Reason } from './reasons.ts';
import { redact } from './redact.ts';
import { StepProgress } from './step-progress.ts';
import type { RecordStore } from './store.ts';
import type { RecordTable } from './table.ts';
import { mix } from './words.ts';

export interface FileSummary {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly records?: number;
}

export interface WrittenResults {
  readonly files: readonly FileSummary[];
  /** Records dropped for each reason that came first. */
  readonly dropped: ReadonlyMap<Reason, number>;
  /** Records with each reason, also of those that were dropped for another one or kept on request. */
  readonly counted: ReadonlyMap<Reason, number>;
  readonly redacted: number;
}

export async function writeResults(
  table: RecordTable,
  store: RecordStore,
  selection: Selection,
  scores: ReadonlyMap<number, ModelScore>,
  options: CurateOptions,
  folder: string,
  hooks: CurateHooks,
): Promise<WrittenResults> {
  const mask = dropMask(options.keep);
  const redactBits =
    (options.keep.has('secrets') ? 0 : bit('has-secret')) | (options.keep.has('personal') ? 0 : bit('has-personal'));
  const progress = new StepProgress(hooks, 'writing', table.length);
  const dropped = new Map<Reason, number>(reasons.map((reason) => [reason, 0]));
  const counted = new Map<Reason, number>(reasons.map((reason) => [reason, 0]));
  let redacted = 0;
  const outputs = {
    train: new OutputFile(folder, 'train.jsonl'),
    valid: new OutputFile(folder, 'valid.jsonl'),
    attributes: new OutputFile(folder, 'attributes.jsonl'),
  };
  try {
    for (let index = 0; index < table.length; index++) {
      await progress.pause(index, index);
      const flags = table.flags.at(index);
      const reason = firstReason(flags & mask);
      const names = namesOf(flags);
      names.reasons.forEach((name) => count(counted, name));
      let record = store.record(index);
      const split = reason === undefined ? splitOf(index, table, selection, options) : undefined;
      const cluster = selection.clusters.find(index);
      const kept = selection.best[cluster] ?? index;
      outputs.attributes.write({
        id: record.id,
        source: record.source,
        split: split ?? null,
        dropped: reason ?? null,
        reasons: names.reasons,
        notes: names.notes,
        ...(kept === index ? {} : { duplicateOf: store.record(kept).id }),
        [options.length.unit]: table.size.at(index),
        promptWords: table.promptWords.at(index),
        answerWords: table.answerWords.at(index),
        ...scoreOf(scores.get(index)),
      });
      if (reason !== undefined) {
        count(dropped, reason);
        continue;
      }
      if ((flags & redactBits) !== 0) {
        record = redact(record, { secrets: !options.keep.has('secrets'), personal: !options.keep.has('personal') });
        redacted++;
      }
      outputs[split ?? 'train'].write(record);
    }
    const files = Object.values(outputs).map((output) => output.finish());
    return { files, dropped, counted, redacted };
  } finally {
    Object.values(outputs).forEach((output) => output.close());
  }
}

/**
 * Splits by a hash of the seed and the family's first text. A record keeps its side when the input grows, and
 * near-duplicates are never on both sides.
 */
export function splitOf(
  index: number,
  table: RecordTable,
  { families }: Selection,
  { seed, validShare }: CurateOptions,
): 'train' | 'valid' {
  const family = families.find(index);
  const place = mix(mix(seed ^ table.keyHigh.at(family)) ^ table.keyLow.at(family)) / 2 ** 32;
  return place < validShare ? 'valid' : 'train';
}

function scoreOf(score: ModelScore | undefined): object {
  return score === undefined ? {} : { loss: Number(score.loss.toFixed(4)), ifd: Number(score.ifd.toFixed(4)) };
}

function count(counts: Map<Reason, number>, reason: Reason): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}

/** JSON Lines, written in large pieces, with their digest. */
class OutputFile {
  readonly #name: string;
  readonly #hash = createHash('sha256');
  #file: number | undefined;
  #lines: string[] = [];
  #pending = 0;
  #bytes = 0;
  #records = 0;

  constructor(folder: string, name: string) {
    this.#name = name;
    this.#file = openSync(join(folder, name), 'wx');
  }

  write(value: unknown): void {
    const line = JSON.stringify(value);
    this.#lines.push(line);
    this.#pending += line.length;
    this.#records++;
    if (this.#pending > 1 << 20) this.#flush();
  }

  finish(): FileSummary {
    this.#flush();
    return { name: this.#name, bytes: this.#bytes, sha256: this.#hash.digest('hex'), records: this.#records };
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #flush(): void {
    if (this.#lines.length === 0 || this.#file === undefined) return;
    const bytes = Buffer.from(`${this.#lines.join('\n')}\n`);
    for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done);
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    this.#lines = [];
    this.#pending = 0;
  }
}
