/**
 * The style of a repository's commit subjects. A small model copies earlier subjects when it is shown them, so it is
 * told their style in words, and the rest is applied afterwards. Pure.
 */

export interface CommitStyle {
  /** The types that subjects begin with, as in `fix(cart): …`; empty when the repository uses none. */
  readonly types: readonly string[];
  readonly lowerCase: boolean;
}

const typed = /^([a-z]{2,12})(?:\([^()]{1,40}\))?!?: (.)/u;
const usualTypes = ['feat', 'fix', 'docs', 'refactor', 'test', 'chore'];

export function styleOf(subjects: readonly string[]): CommitStyle {
  const own = subjects.filter((subject) => !/^(?:Merge|Revert) /u.test(subject));
  const found = own.flatMap((subject) => typed.exec(subject)?.[1] ?? []);
  const isTyped = found.length * 2 > own.length;
  const firsts = own.map((subject) => (isTyped ? typed.exec(subject)?.[2] : subject.trimStart().charAt(0)) ?? '');
  const lower = firsts.filter((first) => /\p{Ll}/u.test(first)).length;
  return {
    types: isTyped ? [...new Set([...found, ...usualTypes])].slice(0, 6) : [],
    lowerCase: lower * 2 > own.length,
  };
}

/** The style in words, for the prompt. */
export function describeStyle({ types }: CommitStyle): string {
  return types.length === 0
    ? 'beginning with a verb such as Add, Fix, Use or Remove'
    : `beginning with a type and a colon (${types.map((type) => `${type}:`).join(', ')}), then a verb`;
}

/** Upper and lower case as in the repository, and no label before the subject where types are not used. */
export function applyStyle(subject: string, { types, lowerCase }: CommitStyle): string {
  const type = /^[a-z]{2,12}(?:\([^()]{1,40}\))?!?:[ \t]*/iu.exec(subject)?.[0] ?? '';
  const rest = subject.slice(type.length);
  // `HTTP` and `readFile` keep their case.
  const isWord = /^\p{L}\p{Ll}*(?:[\s,]|$)/u.test(rest);
  const first = lowerCase ? rest.charAt(0).toLowerCase() : rest.charAt(0).toUpperCase();
  const cased = isWord ? first + rest.slice(1) : rest;
  if (types.length === 0) return cased;
  return type === '' ? cased : `${type.trim().toLowerCase()} ${cased}`;
}
