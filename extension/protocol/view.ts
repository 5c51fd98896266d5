/**
 * What every page has in common, whatever it shows: the host owns the state, a page asks for a snapshot when it
 * connects and then follows deltas. `seq` counts them, and a page that finds a gap asks for a snapshot again. It may be
 * destroyed at any time. What a page sends is untrusted: each request has a check of its params.
 */

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

export type Fields = Readonly<Record<string, unknown>>;

/** Whether the params of a request are what they should be, by its method. */
export type RequestChecks = ReadonlyMap<string, (fields: Fields) => boolean>;

/** Unknown methods are refused. */
export function isValidRequest(checks: RequestChecks, method: string, params: unknown): boolean {
  const check = checks.get(method);
  return check !== undefined && check(isRecord(params) ? params : {});
}

/** The longest text that a page may send: more than fits into any context, less than hurts. */
const longestText = 2_000_000;

export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= longestText;
}

export function isOneOf(value: unknown, known: readonly string[]): boolean {
  return typeof value === 'string' && known.includes(value);
}
