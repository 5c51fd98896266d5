/** Completions that were shown lately. Who types what one says, or comes back to its place, needs no new one. */

import { leftOf } from './typed-since.ts';
import type { Around } from './typed-since.ts';

interface Recent extends Around {
  readonly document: string;
  readonly text: string;
}

const most = 50;

export class RecentCompletions {
  /** The latest last. */
  #all: Recent[] = [];

  add(recent: Recent): void {
    this.#all = [...this.#all.filter((other) => !isSamePlace(other, recent)), recent].slice(-most);
  }

  /** What is left of a completion after what was typed since; empty when there was nothing to show. */
  find(document: string, now: Around): string | undefined {
    for (const recent of this.#all.toReversed()) {
      const left = recent.document === document ? leftOf(recent, now) : undefined;
      if (left !== undefined) return left;
    }
    return undefined;
  }

  clear(): void {
    this.#all = [];
  }
}

function isSamePlace(one: Recent, other: Recent): boolean {
  return one.document === other.document && one.prefix === other.prefix && one.suffix === other.suffix;
}
