/** Turns a question into weighted terms, by rules alone. */
import { stem } from './stem.ts';
import { compoundOf, hashOf, partsOf, termsOfWord } from './terms.ts';
import type { FileKind } from './file-kind.ts';

export interface Question {
  /** Hashes of terms, ascending, with their weights. */
  readonly terms: readonly QueryTerm[];
  /** The kinds of files that the question mentions; sources always. */
  readonly about: ReadonlySet<FileKind>;
}

export interface QueryTerm {
  readonly hash: number;
  readonly weight: number;
}

/** For identifiers in the question. At 1 the mean reciprocal rank is 0.859, see `ranking.ts`. */
const namedWeight = 2;
/** For neighbouring words that may form an identifier. At 0 it is 0.849. */
const joinedWeight = 0.5;
const mostJoined = 3;
const longestQuestion = 4000;
const mostTerms = 200;

const stopWords: ReadonlySet<string> = new Set(
  `a about across after also an and any are as at be been before being between both by can could did do does during
   each every for from had has have how if in instead into is it its may me my not of on or rather should show such
   tell than that the their them then there these they this those through to was we were what when where which while
   who why will with within without would you`
    .split(/\s+/u)
    .map(stem),
);

export function readQuestion(text: string): Question {
  const asked = text.slice(0, longestQuestion);
  const weights = new Map<string, number>();
  const add = (term: string, weight: number): void => {
    if (weights.size < mostTerms || weights.has(term)) weights.set(term, Math.max(weights.get(term) ?? 0, weight));
  };
  const quoted = new Set(Array.from(asked.matchAll(/`([^`]{1,100})`/gu), ([, inside = '']) => wordsOf(inside)).flat());
  const words = wordsOf(asked);
  for (const word of words) {
    const isIdentifier = partsOf(word).length > 1 || word.startsWith('_') || quoted.has(word);
    for (const term of termsOfWord(word)) {
      if (isIdentifier) add(term, term.startsWith('=') || quoted.has(word) ? namedWeight : 1);
      else if (!stopWords.has(term)) add(term, 1);
    }
  }
  for (const joined of neighbours(words.flatMap(partsOf))) add(compoundOf(joined), joinedWeight);
  const terms = [...weights].map(([term, weight]) => ({ hash: hashOf(term), weight }));
  return { terms: terms.sort((one, other) => one.hash - other.hash), about: kindsNamed(asked) };
}

function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}_$]{1,100}/gu) ?? [];
}

/** Runs of two and three words, none of which begins or ends with a stop word. */
function* neighbours(words: readonly string[]): Generator<readonly string[]> {
  const isStop = words.map((word) => stopWords.has(stem(word)));
  for (let length = 2; length <= mostJoined; length++) {
    for (let start = 0; start + length <= words.length; start++) {
      if (isStop[start] === false && isStop[start + length - 1] === false) yield words.slice(start, start + length);
    }
  }
}

function kindsNamed(text: string): ReadonlySet<FileKind> {
  const found = new Set<FileKind>(['source']);
  if (/\b(?:tests?|tested|testing|fixtures?)\b/iu.test(text)) found.add('test');
  if (/\b(?:documentation|documented|docs?|changelog|readme)\b/iu.test(text)) found.add('document');
  return found;
}
