/**
 * Why a record does not go into the training set. A record may have several reasons; the funnel counts it where it
 * falls
 * first, in the order of this table. One bit each, so that a million records remember theirs in four megabytes.
 */

export const reasons = [
  'malformed/empty',
  'malformed/too-short',
  'malformed/encoding',
  'malformed/api-error',
  'malformed/truncated',
  'malformed/echo',
  'malformed/repetition',
  'refusals',
  'length/too-short',
  'length/too-long',
  'secrets',
  'personal',
  'leaks',
  'chosen',
  'sources',
  'duplicates/exact',
  'duplicates/near',
] as const;
export type Reason = (typeof reasons)[number];

/** The funnel's steps, and what `--keep` takes. */
export const groups = [
  'malformed',
  'refusals',
  'length',
  'secrets',
  'personal',
  'leaks',
  'chosen',
  'sources',
  'duplicates',
] as const;
export type Group = (typeof groups)[number];

/** What was asked for by name is not kept by another wish. */
export const keepableGroups: readonly Group[] = groups.filter((group) => group !== 'sources' && group !== 'chosen');

/** Notes are told beside the reasons and drop nothing. */
export const notes = ['prompt-seen', 'has-secret', 'has-personal', 'unrelated'] as const;
export type Note = (typeof notes)[number];

export type Flags = number;

export function bit(name: Reason | Note): Flags {
  return bits.get(name) ?? 0;
}

export function namesOf(flags: Flags): { reasons: Reason[]; notes: Note[] } {
  return {
    reasons: reasons.filter((name) => (flags & bit(name)) !== 0),
    notes: notes.filter((name) => (flags & bit(name)) !== 0),
  };
}

export function firstReason(flags: Flags): Reason | undefined {
  return reasons.find((name) => (flags & bit(name)) !== 0);
}

export function groupOf(reason: Reason): Group {
  return groups.find((group) => reason === group || reason.startsWith(`${group}/`)) ?? 'malformed';
}

/** The bits of all reasons that drop when these groups are kept. */
export function dropMask(keep: ReadonlySet<Group>): Flags {
  return reasons.filter((name) => !keep.has(groupOf(name))).reduce((mask, name) => mask | bit(name), 0);
}

const bits: ReadonlyMap<string, number> = new Map([...reasons, ...notes].map((name, index) => [name, 1 << index]));
