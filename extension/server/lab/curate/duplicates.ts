/**
 * Clusters of records that say the same: equal texts by their hash, nearly equal ones by MinHash candidates whose sets
 * of
 * shingles are then compared. One record after the other asks an index of the earlier ones.
 */
import type { Column } from './growable.ts';
import { bandCount, bandKeys, jaccard, nearThreshold } from './minhash.ts';
import { UnionFind } from './union-find.ts';

export interface DuplicateInput {
  readonly length: number;
  /** Whether the record takes part; dropped ones do not. */
  readonly takesPart: (index: number) => boolean;
  /** The two halves of the key of its whole text. */
  readonly keyHigh: Column;
  readonly keyLow: Column;
  readonly shingles: (index: number) => Uint32Array;
}

export interface Duplicates {
  /** The cluster of each record; its name is its first record. */
  readonly clusters: UnionFind;
  /** Comparisons of sets of shingles. */
  readonly compared: number;
  /** Records for which candidates were left out, because very many look alike there. */
  readonly skipped: number;
}

/** Lets the event loop run now and then: `pause` resolves, or throws when the run was cancelled. */
export async function findDuplicates(
  input: DuplicateInput,
  pause: (done: number) => Promise<void>,
): Promise<Duplicates> {
  const clusters = new UnionFind(input.length);
  const exact = new KeyIndex(input.length);
  const near = new BandIndex(input.length);
  const cache = new SetCache(input.shingles);
  const keys = new Uint32Array(bandCount);
  let compared = 0;
  for (let index = 0; index < input.length; index++) {
    if (index % pauseEvery === 0) await pause(index);
    if (!input.takesPart(index)) continue;
    const twin = exact.findOrAdd(input.keyHigh.at(index), input.keyLow.at(index), index);
    if (twin !== index) {
      clusters.join(twin, index);
      continue;
    }
    const shingles = cache.get(index);
    if (shingles.length === 0) continue;
    bandKeys(shingles, keys);
    const candidates = near.candidates(keys);
    for (const candidate of candidates) {
      // Who shares a cluster already needs no proof.
      if (clusters.find(candidate) === clusters.find(index)) continue;
      compared++;
      if (jaccard(cache.get(candidate), shingles) >= nearThreshold) clusters.join(candidate, index);
    }
    near.add(keys, index);
  }
  return { clusters, compared, skipped: near.skipped };
}

const pauseEvery = 256;

/** Open addressing over 64-bit keys, at most half full. */
export class KeyIndex {
  readonly #slots: Uint32Array;
  readonly #highs: Uint32Array;
  readonly #lows: Uint32Array;
  readonly #mask: number;

  constructor(capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, capacity * 2)));
    this.#slots = new Uint32Array(size);
    this.#highs = new Uint32Array(size);
    this.#lows = new Uint32Array(size);
    this.#mask = size - 1;
  }

  /** The first record with this key. */
  findOrAdd(high: number, low: number, index: number): number {
    let slot = (high ^ low) & this.#mask;
    for (;;) {
      const found = this.#slots[slot] ?? 0;
      if (found === 0) {
        this.#slots[slot] = index + 1;
        this.#highs[slot] = high;
        this.#lows[slot] = low;
        return index;
      }
      if (this.#highs[slot] === high && this.#lows[slot] === low) return found - 1;
      slot = (slot + 1) & this.#mask;
    }
  }
}

/** For each band a hash table of chains through the records, newest first. */
class BandIndex {
  readonly #heads: Uint32Array[];
  readonly #next: Uint32Array[];
  readonly #keys: Uint32Array[];
  readonly #mask: number;
  /** How many bands each record shares with the one that asks; zero between questions. */
  readonly #shared: Uint8Array;
  skipped = 0;

  constructor(capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, capacity)));
    this.#heads = Array.from({ length: bandCount }, () => new Uint32Array(size));
    this.#next = Array.from({ length: bandCount }, () => new Uint32Array(capacity));
    this.#keys = Array.from({ length: bandCount }, () => new Uint32Array(capacity));
    this.#shared = new Uint8Array(capacity);
    this.#mask = size - 1;
  }

  /** Earlier records that share a band; in a crowd those that share the most. */
  candidates(keys: Uint32Array): number[] {
    const found: number[] = [];
    for (let band = 0; band < bandCount; band++) {
      this.#collect(band, keys[band] ?? 0, found);
    }
    const shared = (candidate: number): number => this.#shared[candidate] ?? 0;
    if (found.length > mostCandidates) {
      this.skipped++;
      found.sort((a, b) => shared(b) - shared(a) || b - a);
    }
    found.forEach((candidate) => (this.#shared[candidate] = 0));
    return found.slice(0, mostCandidates);
  }

  #collect(band: number, key: number, found: number[]): void {
    const next = this.#next[band];
    const known = this.#keys[band];
    let entry = this.#heads[band]?.[key & this.#mask] ?? 0;
    for (let steps = 0; entry !== 0 && steps < mostSteps; steps++) {
      const candidate = entry - 1;
      if (known?.[candidate] === key) {
        const bands = this.#shared[candidate] ?? 0;
        if (bands === 0) found.push(candidate);
        this.#shared[candidate] = bands + 1;
      }
      entry = next?.[candidate] ?? 0;
    }
  }

  add(keys: Uint32Array, index: number): void {
    for (let band = 0; band < bandCount; band++) {
      const key = keys[band] ?? 0;
      const [heads, next, known] = [this.#heads[band], this.#next[band], this.#keys[band]];
      if (heads === undefined || next === undefined || known === undefined) continue;
      known[index] = key;
      next[index] = heads[key & this.#mask] ?? 0;
      heads[key & this.#mask] = index + 1;
    }
  }
}

/** A band that thousands share would cost the square of them; the likeliest of the newest represent the others. */
const mostCandidates = 64;
const mostSteps = 1024;

/** Sets that were read last: candidates are often neighbours in the input, and asked again. */
class SetCache {
  readonly #read: (index: number) => Uint32Array;
  readonly #sets = new Map<number, Uint32Array>();
  #bytes = 0;

  constructor(read: (index: number) => Uint32Array) {
    this.#read = read;
  }

  get(index: number): Uint32Array {
    const known = this.#sets.get(index);
    if (known !== undefined) return known;
    const set = this.#read(index);
    this.#sets.set(index, set);
    this.#bytes += set.byteLength + 100;
    for (const [oldest, old] of this.#sets) {
      if (this.#bytes <= mostCachedBytes) break;
      this.#sets.delete(oldest);
      this.#bytes -= old.byteLength + 100;
    }
    return set;
  }
}

const mostCachedBytes = 96 * 2 ** 20;
