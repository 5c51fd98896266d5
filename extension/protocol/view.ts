/**
 * What every page has in common, whatever it shows: the host owns the state, a page asks for a snapshot when it
 * connects and then follows deltas. `seq` counts them, and a page that finds a gap asks for a snapshot again. It may be
 * destroyed at any time. What a page sends is untrusted: each request has a check of its params.
 */
import { passes, text, type Check } from './check.ts';

export interface ViewSnapshot<State> {
  readonly protocolVersion: number;
  readonly seq: number;
  readonly state: State;
  /** Translations of the page's texts, English text -> translation; empty for English. */
  readonly texts: Readonly<Record<string, string>>;
}

export interface ViewDelta<Change> {
  readonly seq: number;
  readonly change: Change;
}

/** What the params of each request must be, by its method. */
export type RequestChecks = ReadonlyMap<string, Check<unknown>>;

/** Unknown methods are refused. */
export function isValidRequest(checks: RequestChecks, method: string, params: unknown): boolean {
  const check = checks.get(method);
  return check !== undefined && passes(check, params ?? {});
}

/** The longest text that a page may send: more than fits into any context, less than hurts. */
export const pageText = text({ most: 2_000_000 });
