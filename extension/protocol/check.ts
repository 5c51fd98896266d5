/**
 * Checks of untrusted values: messages, JSON files, settings. A check takes an unknown value and returns it with its
 * type, or throws a `CheckError` that names the place. No untrusted value is ever cast.
 */

/** The message can be shown to the user: it has the place and the problem. */
export class CheckError extends Error {
  readonly place: string;
  readonly problem: string;

  constructor(place: string, problem: string) {
    super(`${place || 'the value'} ${problem}`.replace(/: {2}/u, ': '));
    this.name = 'CheckError';
    this.place = place;
    this.problem = problem;
  }
}

/** `place` names the value for the message, e.g. `models[2].sha256`. */
export type Check<T> = (value: unknown, place: string) => T;
/** What a check returns. */
export type Checked<C> = C extends Check<infer T> ? T : never;

export type Fields = Readonly<Record<string, unknown>>;

export const anything: Check<unknown> = (value) => value;

export const fields: Check<Fields> = (value, place) => {
  if (!isRecord(value)) throw new CheckError(place, 'must be an object');
  return value;
};

export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const flag: Check<boolean> = (value, place) => {
  if (typeof value !== 'boolean') throw new CheckError(place, 'must be true or false');
  return value;
};

export interface TextOptions {
  /** In UTF-16 units. */
  readonly most?: number;
  readonly pattern?: RegExp;
}

export function text({ most = Number.POSITIVE_INFINITY, pattern }: TextOptions = {}): Check<string> {
  return (value, place) => {
    if (typeof value !== 'string') throw new CheckError(place, 'must be a string');
    if (value.length > most) throw new CheckError(place, `must have at most ${most} characters`);
    if (pattern?.test(value) === false) throw new CheckError(place, 'has the wrong format');
    return value;
  };
}

/** A number from `least` to `most`, both included; never NaN, and infinite only when a bound is. */
export function number(least = -Number.MAX_VALUE, most = Number.MAX_VALUE): Check<number> {
  return (value, place) => {
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw new CheckError(place, `must be a number${range(least, most)}`);
    }
    return value;
  };
}

/** A whole number that a double holds exactly. */
export function whole(least = 0, most: number = Number.MAX_SAFE_INTEGER): Check<number> {
  return (value, place) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
      throw new CheckError(place, `must be a whole number${range(least, most)}`);
    }
    return value;
  };
}

function range(least: number, most: number): string {
  const upper = most >= Number.MAX_SAFE_INTEGER ? undefined : most;
  if (upper !== undefined) return ` from ${least} to ${upper}`;
  return least > Number.MIN_SAFE_INTEGER ? ` of at least ${least}` : '';
}

export function oneOf<const T extends string>(known: readonly T[]): Check<T> {
  return (value, place) => {
    const found = known.find((one) => one === value);
    if (found === undefined) throw new CheckError(place, `must be ${known.join(' or ')}`);
    return found;
  };
}

/** A literal, e.g. the version of a format. */
export function exactly<const T extends string | number | boolean | null>(expected: T): Check<T> {
  return (value, place) => {
    if (value !== expected) throw new CheckError(place, `must be ${JSON.stringify(expected)}`);
    return expected;
  };
}

export interface ListOptions {
  readonly least?: number;
  readonly most?: number;
}

export function list<T>(item: Check<T>, { least = 0, most = Number.POSITIVE_INFINITY }: ListOptions = {}): Check<T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) throw new CheckError(place, 'must be a list');
    if (value.length < least)
      throw new CheckError(place, least === 1 ? 'must not be empty' : `must have at least ${least}`);
    if (value.length > most) throw new CheckError(place, `must have at most ${most} entries`);
    return value.map((one, index) => item(one, `${place}[${index}]`));
  };
}

/** An object with any keys, whose values all pass the same check. */
export function record<T>(item: Check<T>): Check<Readonly<Record<string, T>>> {
  return (value, place) =>
    Object.fromEntries(Object.entries(fields(value, place)).map(([key, one]) => [key, item(one, `${place}.${key}`)]));
}

/** Absent and null are `undefined`. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, place) => (value === undefined || value === null ? undefined : check(value, place));
}

/** Absent and null are `fallback`. */
export function withDefault<T>(check: Check<T>, fallback: T): Check<T> {
  return (value, place) => (value === undefined || value === null ? fallback : check(value, place));
}

/** An object with these fields; others are left out, and so is an optional one that is absent. */
export function object<T extends object>(checks: { readonly [K in keyof T]-?: Check<T[K] | Absent<T, K>> }): Check<T> {
  return (value, place) => {
    const from = fields(value, place);
    const entries = Object.entries<Check<unknown>>(checks)
      .map(([key, check]) => [key, check(Object.hasOwn(from, key) ? from[key] : undefined, below(place, key))] as const)
      .filter(([, one]) => one !== undefined);
    return Object.fromEntries(entries) as T;
  };
}

/** `undefined` for an optional field, else `never`. */
type Absent<T, K extends keyof T> = object extends Pick<T, K> ? undefined : never;

/** A place that is empty or ends with a blank, such as `lab.json: `, names the whole value. */
function below(place: string, key: string): string {
  return place === '' || place.endsWith(' ') ? place + key : `${place}.${key}`;
}

/** A union of objects that one field discriminates. */
export function variant<T extends object>(field: string, checks: Readonly<Record<string, Check<T>>>): Check<T> {
  const tag = oneOf(Object.keys(checks));
  return (value, place) => {
    const name = tag(fields(value, place)[field], `${place}.${field}`);
    const check = checks[name];
    if (check === undefined) throw new CheckError(`${place}.${field}`, 'is unknown');
    return check(value, place);
  };
}

/** The result of the first check that passes, or the error of the second. */
export function either<A, B>(one: Check<A>, other: Check<B>): Check<A | B> {
  return (value, place) => {
    try {
      return one(value, place);
    } catch (error) {
      if (!(error instanceof CheckError)) throw error;
      return other(value, place);
    }
  };
}

/** Whether a value passes. */
export function passes(check: Check<unknown>, value: unknown): boolean {
  try {
    check(value, 'value');
    return true;
  } catch (error) {
    if (error instanceof CheckError) return false;
    throw error;
  }
}
