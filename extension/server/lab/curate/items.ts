import type { BadReason } from './shapes.ts';

export interface Item {
  /** Line of the file, or row of a table; counted from 1. */
  readonly line: number;
  /** Parsed JSON, or why there is none. */
  readonly value: unknown;
  readonly bad?: BadReason;
}

/** A text's JSON as an item. */
export function parseItem(text: string, line: number): Item {
  try {
    return { line, value: JSON.parse(text) };
  } catch {
    return { line, value: undefined, bad: 'notJson' };
  }
}

/** A longer line is no record, and must not fill the memory. */
export const longestLine = 64 * 2 ** 20;
