import { findings } from './redact.ts';
import { findPersonal } from './personal.ts';
import { findSecrets } from './secrets.ts';
import type { EvaluationTexts } from './decontaminate.ts';
import { malformations } from './malformed.ts';
import type { LengthRule } from './options.ts';
import { bit } from './reasons.ts';
import type { Flags } from './reasons.ts';
import { answerOf, promptOf } from './record.ts';
import type { CurateRecord } from './record.ts';
import { isRefusal } from './refusals.ts';

export interface Judgement {
  readonly flags: Flags;
  readonly promptSize: number;
  readonly answerSize: number;
}

/** Judges one record by itself, without the others. */
export class Judge {
  readonly #length: LengthRule;
  readonly #evaluation: EvaluationTexts;
  /** How often each kind of secret and of personal data was found. */
  readonly found: Record<string, number> = {};

  constructor(length: LengthRule, evaluation: EvaluationTexts) {
    this.#length = length;
    this.#evaluation = evaluation;
  }

  judge(record: CurateRecord): Judgement {
    let flags = malformations(record).reduce((all, reason) => all | bit(reason), 0);
    // Earlier answers of a conversation are trained too.
    if (record.messages.some(({ role, content }) => role === 'assistant' && isRefusal(content)))
      flags |= bit('refusals');
    const promptSize = this.#length.measure(promptOf(record));
    const answerSize = this.#length.measure(answerOf(record));
    if (promptSize + answerSize < this.#length.least) flags |= bit('length/too-short');
    if (promptSize + answerSize > this.#length.most) flags |= bit('length/too-long');
    if (this.#note(record, findSecrets)) flags |= bit('has-secret');
    if (this.#note(record, findPersonal)) flags |= bit('has-personal');
    if (this.#evaluation.leaksInto(record)) flags |= bit('leaks');
    return { flags, promptSize, answerSize };
  }

  #note(record: CurateRecord, find: typeof findSecrets): boolean {
    const found = findings(record, find);
    for (const [kind, count] of Object.entries(found ?? {})) {
      this.found[kind] = (this.found[kind] ?? 0) + count;
    }
    return found !== undefined;
  }
}

/** Counts of sizes by powers of two: the first bucket is 0, then 1, 2-3, 4-7 and so on. */
export class Histogram {
  readonly counts: number[] = [];

  add(size: number): void {
    const bucket = size <= 0 ? 0 : Math.floor(Math.log2(size)) + 1;
    while (this.counts.length <= bucket) this.counts.push(0);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }
}
