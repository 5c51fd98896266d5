import { shorts, words } from './growable.ts';
import type { Column } from './growable.ts';
import type { Flags } from './reasons.ts';

/** The columns in memory for each record, about 40 bytes. Texts stay on disk. */
export class RecordTable {
  readonly flags = words();
  readonly sources = shorts();
  /** Up to 65,535. */
  readonly promptWords = shorts();
  readonly answerWords = shorts();
  /** In tokens or characters. */
  readonly size = words();
  /** Key of prompt and answer, and of the prompt alone. */
  readonly keyHigh = words();
  readonly keyLow = words();
  readonly promptHigh = words();
  readonly promptLow = words();
  readonly #sourceNames: string[] = [];
  readonly #sourceNumbers = new Map<string, number>();

  get length(): number {
    return this.flags.length;
  }

  get sourceNames(): readonly string[] {
    return this.#sourceNames;
  }

  sourceNumber(name: string): number {
    let number = this.#sourceNumbers.get(name);
    if (number === undefined) {
      // A field that is different in every record does not name a source: sources past the limit are counted together.
      const known = this.#sourceNames.length < mostSources ? name : otherSources;
      number = this.#sourceNumbers.get(known) ?? this.#sourceNames.push(known) - 1;
      this.#sourceNumbers.set(known, number);
    }
    return number;
  }

  has(index: number, flags: Flags): boolean {
    return (this.flags.at(index) & flags) !== 0;
  }

  mark(index: number, flags: Flags): void {
    this.flags.set(index, this.flags.at(index) | flags);
  }

  /** Middle of the values of the records that `belongs` accepts. */
  median(column: Column, belongs: (index: number) => boolean): number {
    const counts = new Uint32Array(65536);
    let total = 0;
    for (let index = 0; index < this.length; index++) {
      if (belongs(index)) {
        const value = Math.min(65535, column.at(index));
        counts[value] = (counts[value] ?? 0) + 1;
        total++;
      }
    }
    let below = 0;
    for (let value = 0; value < counts.length; value++) {
      below += counts[value] ?? 0;
      if (total > 0 && below * 2 >= total) return value;
    }
    return 0;
  }
}

const mostSources = 1000;
const otherSources = '(other sources)';
