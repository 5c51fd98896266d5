/** Completions that were shown lately. Who types what one says, or comes back to its place, needs no new one. */

interface Recent {
  readonly document: string;
  readonly prefix: string;
  readonly suffix: string;
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
  find(document: string, prefix: string, suffix: string): string | undefined {
    for (const recent of this.#all.toReversed()) {
      if (recent.document !== document || recent.suffix !== suffix || !prefix.startsWith(recent.prefix)) continue;
      const typed = prefix.slice(recent.prefix.length);
      if (typed === '' || (recent.text.startsWith(typed) && recent.text.length > typed.length)) {
        return recent.text.slice(typed.length);
      }
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
