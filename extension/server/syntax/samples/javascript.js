import { readFile } from 'node:fs/promises';

const limits = { lines: 100, words: [1, 2, 3] };

/** Counts the words of a file. */
export async function countWords(path, options = {}) {
  const text = await readFile(path, 'utf8');
  const counts = new Map();
  for (const word of text.split(/\s+/)) {
    if (word === '') continue;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  if (options.sorted) {
    return [...counts].sort((a, b) => b[1] - a[1]);
  } else {
    return [...counts];
  }
}

export class Shelf {
  #items = [];

  add(item, count = 1) {
    switch (typeof item) {
      case 'string':
        this.#items.push({ name: item, count });
        break;
      default:
        throw new Error(`No item: ${String(item)}`);
    }
    return this;
  }

  get size() {
    return this.#items.length;
  }
}
