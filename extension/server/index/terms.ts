/** Splits text into search terms: words of identifiers, paths and prose, and whole identifiers. */
import { stem } from './stem.ts';

/** Longer runs of letters and digits are data. */
const longestWord = 100;
const longestCompound = 80;
/** The size of the cache of split words. */
const mostKept = 50_000;

/** Identifiers, words, and runs of scripts without spaces. */
const words = /[\p{L}\p{N}_$]+/gu;
const parts = /\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{N}+|[\p{Lo}\p{M}]+/gu;
const unspaced = /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}]+$/u;

const kept = new Map<string, readonly string[]>();

/**
 * The terms of a text in its order, as often as they occur. An identifier of several words gives the stem of each and a
 * compound, see `compoundOf`; scripts without blanks give pairs of characters.
 */
export function* termsOf(text: string): Generator<string> {
  for (const [word] of text.matchAll(words)) {
    if (word.length <= longestWord) yield* termsOfWord(word);
  }
}

export function termsOfWord(word: string): readonly string[] {
  const known = kept.get(word);
  if (known !== undefined) return known;
  const terms = split(word);
  // Common words are cached again at once.
  if (kept.size >= mostKept) kept.clear();
  kept.set(word, terms);
  return terms;
}

/** The words that an identifier is made of, in lower case and not stemmed. */
export function partsOf(word: string): readonly string[] {
  return (word.match(parts) ?? []).map((part) => part.toLowerCase());
}

/** One term for `JSONProviders`, `json_provider` and `jsonProvider`, distinct from any word. */
export function compoundOf(words: readonly string[]): string {
  return `=${words.map(stem).join('')}`.slice(0, longestCompound);
}

function split(word: string): readonly string[] {
  const inner = partsOf(word);
  const terms = inner.flatMap((part) => {
    if (unspaced.test(part)) return pairs(part);
    return part.length > 1 ? [stem(part)] : [];
  });
  return inner.length > 1 ? [...terms, compoundOf(inner)] : terms;
}

function pairs(text: string): string[] {
  const characters = Array.from(text);
  if (characters.length < 2) return characters;
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}

/**
 * 32 bits of FNV-1a. Terms are kept as numbers; two terms in a workspace rarely share one, and a clash costs little.
 */
export function hashOf(term: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < term.length; index++) {
    hash = Math.imul(hash ^ term.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
