/**
 * The text around the cursor that the model reads. Where it begins moves in steps of many lines: from one key to the
 * next the prompt begins alike, so that only what is new is computed.
 */

/** In tokens. */
export interface WindowBudget {
  readonly prefix: number;
  readonly suffix: number;
}

export interface Window {
  readonly prefix: string;
  readonly suffix: string;
}

/** More lines below add tokens that are read at every key and help little. */
const suffixLines = 12;
/** Lines by which the beginning moves. */
const step = 16;
/** Of code; a bound for counting, not a measure. */
const charactersPerToken = 3;

export function windowOf(
  prefix: string,
  suffix: string,
  budget: WindowBudget,
  count: (text: string) => number,
): Window {
  const below = suffix.split('\n').slice(0, suffixLines + 1);
  while (below.length > 1 && count(below.join('\n')) > budget.suffix) below.pop();
  return { prefix: beginning(prefix, budget.prefix, count), suffix: below.join('\n').slice(0, budget.suffix * 8) };
}

function beginning(prefix: string, budget: number, count: (text: string) => number): string {
  if (prefix.length <= budget * charactersPerToken && count(prefix) <= budget) return prefix;
  const lines = prefix.split('\n');
  let first = lines.length - 1;
  let room = budget;
  for (; first > 0; first--) {
    room -= count(`${lines[first - 1] ?? ''}\n`);
    if (room < 0) break;
  }
  const head = importsOf(lines.slice(0, first), budget / 8, count);
  const start = Math.min(Math.ceil(first / step) * step, lines.length - 1);
  const text = lines
    .slice(start)
    .join('\n')
    .slice(-budget * 8);
  return head === '' ? text : `${head}\n${text}`;
}

/** What the file imports, as far as the window does not show it. */
function importsOf(lines: readonly string[], budget: number, count: (text: string) => number): string {
  const kept: string[] = [];
  let room = budget;
  for (const line of lines) {
    if (!/^(?:import|from|using|use|#include|require|package|const \S+ = require)\b/u.test(line)) continue;
    room -= count(`${line}\n`);
    if (room < 0) break;
    kept.push(line);
  }
  return kept.join('\n');
}
