/**
 * Records that contain an evaluation set. Any run of 12 words in common counts; an evaluation text that has fewer words
 * is
 * found only as a whole message, since a short text appears anywhere by chance. Answers that short are not looked for.
 */
import { answerOf, promptOf } from './record.ts';
import type { CurateRecord } from './record.ts';
import { ngramHashes, wordHashes } from './words.ts';

export const leakWords = 12;

export class EvaluationTexts {
  readonly #runs = new Set<number>();
  readonly #whole = new Set<number>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(record: CurateRecord): void {
    this.#count++;
    this.#addText(promptOf(record), true);
    this.#addText(answerOf(record), false);
    // The instruction of a task is asked with other inputs too.
    for (const { role, content } of record.messages) {
      if (role === 'user') this.#addText(content.split('\n\n', 1)[0] ?? '', true);
    }
  }

  leaksInto(record: CurateRecord): boolean {
    if (this.#count === 0) {
      return false;
    }
    return record.messages.some(({ content, role }) => {
      const words = wordHashes(content);
      if (words.length === 0) {
        return false;
      }
      if (words.length < leakWords || role === 'user') {
        if (this.#whole.has(wholeHash(words))) return true;
      }
      return words.length >= leakWords && runs(words).some((run) => this.#runs.has(run));
    });
  }

  #addText(text: string, findWhole: boolean): void {
    const words = wordHashes(text);
    if (words.length >= leakWords) {
      runs(words).forEach((run) => this.#runs.add(run));
    } else if (findWhole && words.length >= leastWholeWords) {
      this.#whole.add(wholeHash(words));
    }
  }
}

/** "Translate this." is no leak. */
const leastWholeWords = 4;

function wholeHash(words: Uint32Array): number {
  return wide(ngramHashes(words, words.length)[0] ?? 0, words[0] ?? 0);
}

/** 53 bits for each run: a million records ask a hundred million times, and 32 bits would answer yes by chance. */
function runs(words: Uint32Array): number[] {
  const first = ngramHashes(words, leakWords);
  return Array.from(first, (hash, index) =>
    wide(hash, (words[index] ?? 0) ^ Math.imul(words[index + leakWords - 1] ?? 0, 31)),
  );
}

function wide(high: number, low: number): number {
  return (high >>> 0) * 2 ** 21 + (low >>> 11);
}
