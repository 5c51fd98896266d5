import type { CurateRecord } from './record.ts';
import { findPersonal } from './personal.ts';
import { findSecrets } from './secrets.ts';
import type { Span } from './secrets.ts';

/** How often each kind was found in a record. */
export type Findings = Readonly<Record<string, number>>;

export function findings(record: CurateRecord, find: (text: string) => Span[]): Findings | undefined {
  let found: Record<string, number> | undefined;
  for (const { content } of record.messages) {
    for (const { kind } of find(content)) {
      found ??= {};
      found[kind] = (found[kind] ?? 0) + 1;
    }
  }
  return found;
}

/** The record with a bracketed word in place of everything that was found. */
export function redact(record: CurateRecord, what: { secrets: boolean; personal: boolean }): CurateRecord {
  return {
    ...record,
    messages: record.messages.map(({ role, content }) => ({
      role,
      content: replaceSpans(content, [
        ...(what.secrets ? findSecrets(content) : []),
        ...(what.personal ? findPersonal(content) : []),
      ]),
    })),
  };
}

/** Spans may overlap: what begins first, and of those the longest, is replaced. */
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
