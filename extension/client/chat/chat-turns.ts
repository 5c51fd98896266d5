/** Turns of a conversation -> messages of the engine request. Pure. */
import type { ChatTurn, GenerationResult } from '../../protocol/server.ts';
import { splitThoughts } from '../../protocol/thoughts.ts';
import type { Turn } from './conversation.ts';

/** More characters than the longest context holds. A longer history would be copied and then dropped. */
const longestHistory = 4_000_000;

/** The newest turns, oldest first, and how many older ones were left out. Answers without text are not sent. */
export function chatTurns(turns: readonly Turn[]): { readonly turns: ChatTurn[]; readonly omitted: number } {
  const spoken = turns.filter((turn) => turn.role === 'user' || splitThoughts(turn.text).answer.trim() !== '');
  let length = 0;
  let first = spoken.length;
  while (first > 0) {
    length += lengthOf(spoken[first - 1]);
    // The question itself is always sent. The engine reports when it is too long.
    if (length > longestHistory && first < spoken.length) break;
    first--;
  }
  return { turns: spoken.slice(first).map(toChatTurn), omitted: first };
}

/** Adds turns that were left out here to those that the engine left out. */
export function withOmitted(result: GenerationResult, omitted: number): GenerationResult {
  if (omitted === 0) return result;
  const others = result.omitted.filter(({ kind }) => kind !== 'messages');
  const known = result.omitted.find(({ kind }) => kind === 'messages');
  const count = omitted + Number.parseInt(known?.what ?? '0', 10);
  return { ...result, omitted: [{ kind: 'messages', what: String(count), tokens: known?.tokens ?? 0 }, ...others] };
}

function lengthOf(turn: Turn | undefined): number {
  if (turn === undefined) return 0;
  const attached = turn.role === 'user' ? turn.attachments.reduce((sum, { text }) => sum + text.length, 0) : 0;
  return turn.text.length + attached;
}

function toChatTurn(turn: Turn): ChatTurn {
  if (turn.role === 'assistant') return { role: 'assistant', content: turn.text };
  const attachments = turn.attachments.map(({ id: _id, uri: _uri, ...context }) => context);
  return { role: 'user', content: turn.text, ...(attachments.length > 0 ? { attachments } : {}) };
}
