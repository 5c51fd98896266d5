import { randomNumbers } from './words.ts';

/** `count` of the items in their order, each equally likely, the same for a seed; 0 = all. */
export function draw<Item>(items: readonly Item[], count: number, seed: number): Item[] {
  if (count === 0 || count >= items.length) {
    return [...items];
  }
  const random = randomNumbers(seed);
  const ranked = items.map((_, index) => [random(), index] as const).sort(([a], [b]) => a - b);
  const chosen = new Set(ranked.slice(0, count).map(([, index]) => index));
  return items.filter((_, index) => chosen.has(index));
}
