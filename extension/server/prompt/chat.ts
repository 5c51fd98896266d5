import type { ChatTurn, CodeContext, Omission } from '../../protocol/server.ts';
import type { ChatMessage } from '../../protocol/model.ts';
import { formatNumber } from '../../protocol/format.ts';
import { splitThoughts, thoughtsStart } from '../../protocol/thoughts.ts';
import { EngineError } from '../engine/errors.ts';
import { packTurns } from './budget.ts';
import type { TurnCost } from './budget.ts';
import { attachmentBlock, describeCode } from './code-block.ts';
import { encodeConversation } from './encode.ts';
import type { TokenizerModel } from './encode.ts';
import { systemMessage } from './system.ts';
import { boundedCount, charactersFor, headLines } from './trim.ts';

export interface Prompt {
  readonly tokens: Int32Array;
  /** Upper limit of new tokens that the context still holds. */
  readonly maxTokens: number;
  readonly omitted: readonly Omission[];
}

export interface ChatPrompt extends Prompt {
  /** What the answer begins with before the model writes: some templates open the thoughts. */
  readonly answerStart: string;
}

/** Tokens kept free for an answer when the caller does not say; a quarter of the context when that is less. */
const answerReserve = 1024;

/**
 * The prompt of the next answer in a conversation, within the live context less the answer's reserve. What had to
 * be left out is in `omitted`. Throws `promptTooLong` when the last message alone does not fit.
 */
export function buildChatPrompt(model: TokenizerModel, turns: readonly ChatTurn[], maxTokens?: number): ChatPrompt {
  checkTurns(turns);
  const { contextLength } = model.info;
  const reserve = Math.min(maxTokens ?? answerReserve, Math.floor(contextLength / 4));
  const system = turns[0]?.role === 'system' ? turns[0].content : systemMessage;
  const conversation = alternating((turns[0]?.role === 'system' ? turns.slice(1) : turns).map(withoutThoughts));
  const limit = contextLength - reserve;

  // The counts of parts do not add up exactly to the count of the whole, so the whole is counted and what is too
  // much is taken off the budget.
  const costs = costsOf(model, conversation, limit);
  let budget = limit - model.tokenize(system, false).length;
  for (;;) {
    const { messages, omitted } = pack(model, conversation, costs, budget);
    const tokens = encodeConversation(model, [{ role: 'system', content: system }, ...messages]);
    if (tokens.length <= limit) {
      const answerStart = endsWith(tokens, model.tokenize(thoughtsStart, true)) ? thoughtsStart : '';
      return { tokens, maxTokens: answerLimit(contextLength - tokens.length, maxTokens), omitted, answerStart };
    }
    budget -= tokens.length - limit;
  }
}

/**
 * An answer that was stopped or failed before its first word is no turn, and leaves two questions behind each other.
 * Templates want questions and answers in turns, so neighbours of one role become one.
 */
function alternating(turns: readonly ChatTurn[]): ChatTurn[] {
  const merged: ChatTurn[] = [];
  for (const turn of turns) {
    const last = merged.at(-1);
    if (turn.role === 'assistant' && turn.content.trim() === '') {
      continue;
    }
    if (last?.role === turn.role) {
      const attachments = [...(last.attachments ?? []), ...(turn.attachments ?? [])];
      merged[merged.length - 1] = { ...last, content: `${last.content}\n\n${turn.content}`, attachments };
    } else {
      merged.push(turn);
    }
  }
  return merged;
}

/**
 * What a model thought before an earlier answer is of no more use to it, and long; its own template drops it too.
 * Thoughts that were cut off stay: there is no answer, and "Continue" can only go on from them.
 */
function withoutThoughts(turn: ChatTurn): ChatTurn {
  if (turn.role !== 'assistant') {
    return turn;
  }
  const { thinking, answer } = splitThoughts(turn.content);
  return thinking ? turn : { ...turn, content: answer };
}

function endsWith(tokens: Int32Array, end: Int32Array): boolean {
  const from = tokens.length - end.length;
  return from >= 0 && end.every((token, index) => tokens[from + index] === token);
}

function answerLimit(free: number, maxTokens: number | undefined): number {
  return maxTokens === undefined || maxTokens <= 0 ? free : Math.min(free, maxTokens);
}

function checkTurns(turns: readonly ChatTurn[]): void {
  if (turns.at(-1)?.role !== 'user') {
    throw new EngineError('invalidArgument', 'A conversation must end with a message of the user.');
  }
}

interface Packed {
  readonly messages: readonly ChatMessage[];
  readonly omitted: readonly Omission[];
}

/** Tokens that a template puts around one message, at most; the whole is counted afterwards. */
const templateTokens = 8;

/**
 * What each turn takes. Nothing is counted further than it can matter: not a text beyond `limit` tokens, and no turn
 * that
 * is older than some contexts' worth of others.
 */
function costsOf(model: TokenizerModel, turns: readonly ChatTurn[], limit: number): TurnCost[] {
  let total = 0;
  const count = (text: string, length: number): number => {
    const tokens = total > 4 * limit ? Math.ceil(length / 4) : boundedCount(text, limit, countWith(model));
    const whole = Math.ceil((tokens / Math.max(1, text.length)) * Math.max(text.length, length));
    total += whole;
    return whole;
  };
  return turns
    .toReversed()
    .map(({ role, content, attachments = [] }): TurnCost => ({
      role: role === 'assistant' ? 'assistant' : 'user',
      message: count(content, content.length) + templateTokens,
      attachments: attachments.map((code) => {
        const text = code.text.slice(0, charactersFor(limit));
        return count(attachmentBlock({ ...code, text }), code.text.length);
      }),
    }))
    .toReversed();
}

function countWith(model: TokenizerModel): (text: string) => number {
  return (text) => model.tokenize(text, false).length;
}

function pack(model: TokenizerModel, turns: readonly ChatTurn[], costs: readonly TurnCost[], budget: number): Packed {
  const packing = packTurns(costs, budget);
  if (packing === undefined) {
    const tokens = formatNumber(costs.at(-1)?.message ?? 0);
    throw new EngineError(
      'promptTooLong',
      `Your message has ${tokens} tokens, and the context has room for ${formatNumber(Math.max(0, budget))}. Shorten it, or load the model with a longer context.`,
    );
  }
  const omitted: Omission[] = [];
  const messages: ChatMessage[] = [];
  turns.forEach((turn, turnIndex) => {
    if (turnIndex < packing.firstTurn) {
      return;
    }
    const blocks: string[] = [];
    (turn.attachments ?? []).forEach((code, index) => {
      const cost = costs[turnIndex]?.attachments[index] ?? 0;
      const kept = cutAttachment(code, cost, packing.grants[turnIndex]?.[index] ?? 0, countWith(model));
      if (kept.block !== undefined) {
        blocks.push(kept.block);
      }
      if (kept.omittedTokens > 0) {
        omitted.push({ kind: 'attachment', what: describeCode(code), tokens: kept.omittedTokens });
      }
    });
    messages.push({ role: turn.role, content: [...blocks, turn.content].join('\n\n') });
  });
  if (packing.firstTurn > 0) {
    const dropped = costs.slice(0, packing.firstTurn);
    const tokens = dropped.reduce(
      (total, cost) => total + cost.message + cost.attachments.reduce((a, b) => a + b, 0),
      0,
    );
    omitted.unshift({ kind: 'messages', what: String(packing.firstTurn), tokens });
  }
  return { messages, omitted };
}

function cutAttachment(
  code: CodeContext,
  cost: number,
  grant: number,
  count: (text: string) => number,
): { readonly block: string | undefined; readonly omittedTokens: number } {
  if (grant >= cost) {
    return { block: attachmentBlock(code), omittedTokens: 0 };
  }
  const frame = count(attachmentBlock({ ...code, text: '' })) + templateTokens;
  const text = headLines(code.text, grant - frame, count);
  if (grant === 0 || text.trim() === '') {
    return { block: undefined, omittedTokens: cost };
  }
  const startLine = code.startLine ?? 1;
  const part = { ...code, text, startLine, endLine: startLine + text.split('\n').length - 1 };
  const block = attachmentBlock(part);
  return { block, omittedTokens: Math.max(1, cost - count(block)) };
}
