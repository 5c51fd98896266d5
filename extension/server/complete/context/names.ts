/** The names around a cursor, and the words that they are made of. */

const linesBefore = 25;
const linesAfter = 5;
/** Characters of a line that is looked at: machines write longer ones. */
const longestLine = 400;
const mostNames = 200;
/** Of a text that is searched for declarations: its end, where the cursor is. */
const mostCharacters = 200_000;

/** The names around the cursor, the nearest first. */
export function namesNear(prefix: string, suffix: string): readonly string[] {
  const before = lastLines(prefix, linesBefore).map((line) => line.slice(-longestLine));
  const after = firstLines(suffix, linesAfter).map((line) => line.slice(0, longestLine));
  const names = [...before.toReversed().flatMap((line) => namesOf(line).toReversed()), ...after.flatMap(namesOf)];
  return [...new Set(names)].slice(0, mostNames);
}

export function namesOf(text: string): string[] {
  return text.match(/[\p{L}_$][\p{L}\p{N}_$]*/gu) ?? [];
}

/**
 * The types that the text declares some names with: `Cart cart`, `cart: Cart`, `cart = new Cart(`. In the order of the
 * names.
 */
export function typesOf(names: readonly string[], text: string): readonly string[] {
  const rank = new Map(names.map((name, index) => [name, index]));
  const found: { readonly rank: number; readonly type: string }[] = [];
  for (const line of text.slice(-mostCharacters).split('\n')) {
    if (line.length > longestLine) continue;
    for (const pattern of declarationPatterns) {
      for (const { groups } of line.matchAll(pattern)) {
        const at = rank.get(groups?.['name'] ?? '');
        if (at === undefined) continue;
        for (const type of namesOf(groups?.['type'] ?? '')) if (/^\p{Lu}/u.test(type)) found.push({ rank: at, type });
      }
    }
  }
  return [...new Set(found.toSorted((a, b) => a.rank - b.rank).map(({ type }) => type))];
}

/** Repetitions have bounds, so that no line takes long. */
const declarationPatterns: readonly RegExp[] = [
  /\b(?<type>[A-Z]\w{0,80}(?:<[^<>]{0,80}>)?)(?:\[\])?[?*&]?\s{1,20}[*&]?(?<name>\w{1,80})/gu,
  /\b(?<name>\w{1,80})\??\s{0,20}:\s{0,20}(?:readonly\s)?(?<type>(?:\w{1,40}[<[])?['"&*]{0,2}[A-Z]\w{0,80})/gu,
  /\b(?<name>\w{1,80})\s{0,20}:?=\s{0,20}(?:await\s|new\s|&)?\s{0,20}(?:\w{1,40}\.)?(?<type>[A-Z]\w{0,80})/gu,
];

/** The words of a text's names, in lower case: `readFile` and `read_file` are `read` and `file`. */
export function wordsOf(text: string): ReadonlySet<string> {
  const words = new Set<string>();
  for (const name of namesOf(text)) {
    for (const word of name.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{N}+/gu) ?? [name]) {
      if (word.length > 1) words.add(word.toLowerCase());
    }
  }
  return words;
}

/** 0 to 1: the share of all words that both have. */
export function likeness(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let both = 0;
  for (const word of one) if (other.has(word)) both += 1;
  const all = one.size + other.size - both;
  return all === 0 ? 0 : both / all;
}

export function lastLines(text: string, count: number): string[] {
  return text
    .slice(-count * longestLine)
    .split('\n')
    .slice(-count);
}

export function firstLines(text: string, count: number): string[] {
  return text
    .slice(0, count * longestLine)
    .split('\n')
    .slice(0, count);
}
