/**
 * Selects the parts of a conversation that fit into the context. Pure arithmetic on token counts, which come from the
 * model's tokenizer.
 */

export interface TurnCost {
  readonly role: 'user' | 'assistant';
  /** Tokens of the text and of the template around it. */
  readonly message: number;
  readonly attachments: readonly number[];
}

export interface Packing {
  /** Index of the oldest turn that is kept. */
  readonly firstTurn: number;
  /** For each turn and attachment the tokens it may take: its cost, less (it must be cut), or 0 (left out). */
  readonly grants: readonly (readonly number[])[];
}

/** An attachment that would be cut to fewer tokens is left out. */
const smallestPart = 48;

/**
 * Fits turns into `budget` tokens. What the user asks now comes first, then what is attached to it, then the
 * earlier turns: their attachments go first, then the turns themselves, oldest first. Returns `undefined` when the
 * last message alone is too long.
 *
 * Earlier things are dropped in steps of a quarter of the budget, more than needed now, so that the beginning of
 * the prompt then stays the same for several turns and need not be evaluated again.
 */
export function packTurns(turns: readonly TurnCost[], budget: number): Packing | undefined {
  const lastIndex = turns.length - 1;
  const last = turns[lastIndex];
  if (last === undefined || last.message > budget) {
    return undefined;
  }
  const lastGrants = grantInOrder(last.attachments, budget - last.message);
  const room = budget - last.message - sum(lastGrants);
  const earlier = turns.slice(0, lastIndex);
  const grants = earlier.map((turn) => [...turn.attachments]);
  const overflow = sum(earlier.map((turn) => turn.message + sum(turn.attachments))) - room;
  let excess = overflow <= 0 ? 0 : quantized(overflow, Math.max(1, Math.floor(budget / 4)));

  for (const turnGrants of grants) {
    for (let index = 0; index < turnGrants.length && excess > 0; index += 1) {
      excess -= turnGrants[index] ?? 0;
      turnGrants[index] = 0;
    }
  }
  let firstTurn = 0;
  while (firstTurn < lastIndex && (excess > 0 || turns[firstTurn]?.role !== 'user')) {
    excess -= turns[firstTurn]?.message ?? 0;
    grants[firstTurn] = (grants[firstTurn] ?? []).map(() => 0);
    firstTurn += 1;
  }
  return { firstTurn, grants: [...grants, lastGrants] };
}

/**
 * Shares `budget` between the text before and after a selection, nearest first: two thirds before, and what one
 * side does not need goes to the other.
 */
export function shareSurroundings(before: number, after: number, budget: number): { before: number; after: number } {
  const available = Math.max(0, budget);
  const afterShare = Math.min(after, Math.max(Math.floor(available / 3), available - before));
  return { before: Math.min(before, available - afterShare), after: afterShare };
}

function grantInOrder(costs: readonly number[], room: number): number[] {
  let left = room;
  return costs.map((cost) => {
    const grant = cost <= left ? cost : left >= smallestPart ? left : 0;
    left -= grant;
    return grant;
  });
}

function quantized(value: number, quantum: number): number {
  return Math.ceil(value / quantum) * quantum;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
