/** The text typed since a completion was requested, and the rest of the completion after it. */

/** The text before and after the cursor. */
export interface Around {
  readonly prefix: string;
  readonly suffix: string;
}

/** The text typed since then. Undefined when anything else has changed too. */
export function typedSince(then: Around, now: Around): string | undefined {
  return now.prefix.startsWith(then.prefix) && closedSince(then, now) !== undefined
    ? now.prefix.slice(then.prefix.length)
    : undefined;
}

/** The part of a completion that has not been typed yet. Undefined when other text was typed, or all of it. */
export function leftOf(completion: Around & { readonly text: string }, now: Around): string | undefined {
  const { text } = completion;
  const typed = typedSince(completion, now);
  if (typed === undefined || !text.startsWith(typed)) return undefined;
  const [closer] = closedSince(completion, now) ?? '';
  if (closer === undefined) return typed === '' || text.length > typed.length ? text.slice(typed.length) : undefined;
  const rest = text.slice(typed.length);
  const end = indexOfCloser(rest, closer);
  return end === undefined ? undefined : rest.slice(0, end);
}

/** The brackets and quotes that the editor has closed behind the cursor when they were typed. */
function closedSince(then: Around, now: Around): string | undefined {
  if (!now.suffix.endsWith(then.suffix)) return undefined;
  const added = now.suffix.slice(0, now.suffix.length - then.suffix.length);
  return /^[)\]}"'`]*$/u.test(added) ? added : undefined;
}

const opened: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Where a text closes what was opened before it. */
function indexOfCloser(text: string, closer: string): number | undefined {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === opened[closer]) depth++;
    else if (text[index] === closer && depth-- === 0) return index;
  }
  return undefined;
}
