import type { CurateRecord } from './record.ts';
import { findPersonal } from './personal.ts';
import { findSecrets } from './secrets.ts';
import type { Span } from './secrets.ts';

/** How often each kind was found in a record; undefined if nothing was. */
export function findings(
  record: CurateRecord,
  find: (text: string) => Span[],
): Readonly<Record<string, number>> | undefined {
  let found: Record<string, number> | undefined;
  const look = (text: string): void => {
    for (const { kind } of find(text)) {
      found ??= {};
      found[kind] = (found[kind] ?? 0) + 1;
    }
  };
  record.messages.forEach(({ content }) => look(content));
  Object.values(record.meta).forEach((value) => typeof value === 'string' && look(value));
  return found;
}

/** The record with each finding replaced by a bracketed word, in its metadata too. */
export function redact(record: CurateRecord, what: { secrets: boolean; personal: boolean }): CurateRecord {
  const clean = (text: string): string =>
    replaceSpans(text, [...(what.secrets ? findSecrets(text) : []), ...(what.personal ? findPersonal(text) : [])]);
  return {
    ...record,
    messages: record.messages.map(({ role, content }) => ({ role, content: clean(content) })),
    meta: Object.fromEntries(
      Object.entries(record.meta).map(([key, value]) => [key, typeof value === 'string' ? clean(value) : value]),
    ),
  };
}

/** Spans may overlap: the earliest wins, and of those the longest. */
export function replaceSpans(text: string, spans: readonly Span[]): string {
  let done = '';
  let from = 0;
  for (const { start, end, kind } of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (start >= from) {
      done += `${text.slice(from, start)}[${kind}]`;
    }
    from = Math.max(from, end);
  }
  return done + text.slice(from);
}
