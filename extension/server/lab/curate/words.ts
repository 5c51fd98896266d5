/**
 * Words as hashes. Lengths, shingles and the overlap with an evaluation set all need words, and a million records are
 * read faster when no string is allocated for each word.
 */

/** One number per word of the text, in order. Case and punctuation do not count; an ideograph is a word. */
export function wordHashes(text: string): Uint32Array {
  const lower = text.toLowerCase();
  if (buffer.length < lower.length) {
    buffer = new Uint32Array(lower.length * 2);
  }
  let count = 0;
  let hash = seed;
  let open = false;
  for (let index = 0; index < lower.length; index++) {
    const code = lower.charCodeAt(index);
    const kind = kinds[code] || classify(code);
    if (kind === letter) {
      hash = Math.imul(hash ^ code, prime);
      open = true;
      continue;
    }
    if (open) {
      buffer[count++] = mix(hash);
      hash = seed;
      open = false;
    }
    if (kind === ideograph) {
      buffer[count++] = mix(Math.imul(seed ^ code, prime));
    }
  }
  if (open) {
    buffer[count++] = mix(hash);
  }
  return buffer.slice(0, count);
}

/** Both halves of a 64-bit hash of the text without regard to case and the amount of white space. */
export function textKey(text: string): readonly [high: number, low: number] {
  const lower = text.toLowerCase();
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  let blank = true;
  for (let index = 0; index < lower.length; index++) {
    let code = lower.charCodeAt(index);
    if (code <= 32 || code === 0xa0) {
      if (blank) continue;
      code = 32;
    }
    blank = code === 32;
    high = Math.imul(high ^ code, 0x9e3779b1);
    high = (high << 13) | (high >>> 19);
    low = Math.imul(low ^ code, 0x5f356495);
    low = (low << 11) | (low >>> 21);
  }
  return [mix(high ^ Math.imul(low, 0x2c1b3c6d)), mix(low ^ Math.imul(high, 0x297a2d39))];
}

/** Hashes of all runs of `size` words; a shorter text is one run. In order, with repetitions. */
export function ngramHashes(words: Uint32Array, size: number): Uint32Array {
  if (words.length === 0) {
    return words;
  }
  const runs = new Uint32Array(Math.max(1, words.length - size + 1));
  const length = Math.min(size, words.length);
  for (let start = 0; start < runs.length; start++) {
    let hash = length;
    for (let index = start; index < start + length; index++) {
      hash = Math.imul(hash ^ (words[index] ?? 0), 0x85ebca6b);
      hash = (hash << 15) | (hash >>> 17);
    }
    runs[start] = mix(hash);
  }
  return runs;
}

/** The set of the values, in ascending order. */
export function sortedSet(values: Uint32Array): Uint32Array {
  const sorted = values.slice().sort();
  let count = 0;
  for (let index = 0; index < sorted.length; index++) {
    if (index === 0 || sorted[index] !== sorted[index - 1]) {
      sorted[count++] = sorted[index] ?? 0;
    }
  }
  return sorted.subarray(0, count);
}

/** Spreads every input bit over all output bits (the finalizer of MurmurHash3). */
export function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function randomNumbers(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let hash = Math.imul(state ^ (state >>> 15), state | 1);
    hash ^= hash + Math.imul(hash ^ (hash >>> 7), hash | 61);
    return ((hash ^ (hash >>> 14)) >>> 0) / 2 ** 32;
  };
}

let buffer = new Uint32Array(4096);

const seed = 0x811c9dc5;
const prime = 0x01000193;

const separator = 1;
const letter = 2;
const ideograph = 3;

/** What each UTF-16 unit is, found out once; 0 = not yet. */
const kinds = new Uint8Array(65536);

function classify(code: number): number {
  const char = String.fromCharCode(code);
  const kind = /[\p{L}\p{N}\p{M}]/u.test(char)
    ? /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u.test(char)
      ? ideograph
      : letter
    : separator;
  kinds[code] = kind;
  return kind;
}
