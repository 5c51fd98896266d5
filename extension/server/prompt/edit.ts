import { fenceFor } from '../../base/fences.ts';
import type { ChatMessage } from '../../protocol/model.ts';
import type { EditParams, Omission } from '../../protocol/server.ts';
import { formatNumber } from '../../protocol/format.ts';
import { EngineError } from '../engine/errors.ts';
import { shareSurroundings } from './budget.ts';
import type { Prompt } from './chat.ts';
import { codeBlock, toLf } from './code-block.ts';
import { nearCharacters, readShape } from './edit-reply.ts';
import type { CodeInPlace, SelectionShape } from './edit-reply.ts';
import { encodeConversation } from './encode.ts';
import type { TokenizerModel } from './encode.ts';
import { systemMessage } from './system.ts';
import { headLines, tailLines } from './trim.ts';

/** What is asked, of which code. */
export type EditRequest = Pick<EditParams, 'kind' | 'instruction' | 'path' | 'languageId' | 'diagnostics'> &
  CodeInPlace;

export interface EditPrompt extends Prompt {
  readonly messages: readonly ChatMessage[];
  /** What the answer is begun with. */
  readonly answerStart: string;
  readonly shape: SelectionShape;
  /** The fence that the prompt opened for the answer. */
  readonly fence: string;
  readonly stop: readonly string[];
  /** The old code and the end of its block: most of an edit repeats what is there. */
  readonly prediction: Int32Array;
}

/** Maximum of surrounding tokens: more costs seconds on a CPU and helps a small model little. */
const maxSurroundings = 1280;

/**
 * The prompt that asks for a replacement of the selection and for nothing else. The answer is begun for the model
 * with an open fence, so that its first token is already code, and it ends at the closing one.
 * Throws `promptTooLong` when the selection and its rewrite do not fit, `invalidArgument` when nothing is selected.
 */
export function buildEditPrompt(model: TokenizerModel, params: EditRequest): EditPrompt {
  if (params.selection.trim() === '') {
    throw new EngineError('invalidArgument', 'Nothing is selected. Select the code to change.');
  }
  // Refuses a selection that is far too long before analysing it.
  if (params.selection.length > model.info.contextLength * mostCharactersPerToken) {
    throw tooLong(`about ${formatNumber(Math.round(params.selection.length / 4))}`, model);
  }
  const shape = readShape(params);
  const before = forReference(params.before.slice(-nearCharacters));
  const after = forReference(params.after.slice(0, nearCharacters));
  const fence = fenceFor([shape.core, before, after, params.instruction], params.languageId);
  const count = (text: string): number => model.tokenize(text, false).length;
  const answerStart = `${fence}${params.languageId}\n`;
  const ask = (head: string, tail: string): readonly ChatMessage[] => [
    { role: 'system', content: systemMessage },
    { role: 'user', content: userMessage(params, shape, fence, head, tail) },
  ];
  const encode = (messages: readonly ChatMessage[]): Int32Array => encodeConversation(model, messages, answerStart);

  const bare = encode(ask('', '')).length;
  const reserve = answerReserve(count(shape.core));
  const room = model.info.contextLength - reserve - bare;
  if (room < 0) {
    throw tooLong(formatNumber(bare + reserve), model);
  }
  const costs = { before: count(before), after: count(after) };
  let budget = Math.min(maxSurroundings, room - frameTokens);
  for (;;) {
    const share = shareSurroundings(costs.before, costs.after, budget);
    const head = tailLines(before, share.before, count);
    const tail = headLines(after, share.after, count);
    const messages = ask(head, tail);
    const tokens = encode(messages);
    const excess = tokens.length + reserve - model.info.contextLength;
    if (excess <= 0 || (head === '' && tail === '')) {
      const omitted = omissions(params.path, costs.before - count(head) + costs.after - count(tail));
      const maxTokens = Math.min(model.info.contextLength - tokens.length, reserve);
      const prediction = model.tokenize(`${shape.core}\n${fence}`, false);
      return { tokens, maxTokens, omitted, messages, answerStart, shape, fence, stop: [`\n${fence}`], prediction };
    }
    budget -= excess;
  }
}

/**
 * The prompt that shows the model what a parser says of its answer, and asks again. Undefined when that does not fit.
 */
export function buildRepairPrompt(
  model: TokenizerModel,
  prompt: EditPrompt,
  answer: string,
  { message }: { readonly message: string },
): EditPrompt | undefined {
  const { fence, answerStart } = prompt;
  const messages: ChatMessage[] = [
    ...prompt.messages,
    { role: 'assistant', content: `${answerStart}${answer.trimEnd()}\n${fence}` },
    {
      role: 'user',
      content: `That code has a syntax error: ${message}. Answer again with one fenced block that holds all of the rewritten code, without the error.`,
    },
  ];
  const tokens = encodeConversation(model, messages, answerStart);
  const maxTokens = Math.min(model.info.contextLength - tokens.length, prompt.maxTokens);
  const prediction = model.tokenize(`${answer.trimEnd()}\n${fence}`, false);
  // An answer as long as the first must fit.
  return maxTokens <= prediction.length ? undefined : { ...prompt, messages, tokens, maxTokens, prediction };
}

/** Tokens of the words and fences around the surroundings, roughly; the whole is counted afterwards. */
const frameTokens = 48;

/** Of code: most has three to five. */
const mostCharactersPerToken = 16;

function tooLong(tokens: string, { info }: TokenizerModel): EngineError {
  return new EngineError(
    'promptTooLong',
    `The selection needs ${tokens} tokens with its rewrite, and the context has ${formatNumber(info.contextLength)}. Select less, or load the model with a longer context.`,
  );
}

/** The surroundings for the prompt; empty if they would need an absurdly long fence. */
function forReference(text: string): string {
  return text.includes('`'.repeat(64)) ? '' : toLf(text);
}

/** A rewrite may grow to three times the selection; a short one gets room for a helper or two. */
function answerReserve(selectionTokens: number): number {
  return Math.max(384, Math.min(selectionTokens * 3, selectionTokens + 1024));
}

function omissions(path: string, tokens: number): Omission[] {
  return tokens > 0 ? [{ kind: 'surroundings', what: path, tokens }] : [];
}

function userMessage(params: EditRequest, shape: SelectionShape, fence: string, head: string, tail: string): string {
  const { languageId, path } = params;
  const parts: string[] = [];
  if (head.trim() !== '') {
    parts.push(`This comes before it in ${path}, for reference only:\n${codeBlock(head, languageId, fence)}`);
  }
  if (tail.trim() !== '') {
    parts.push(`This comes after it in ${path}, for reference only:\n${codeBlock(tail, languageId, fence)}`);
  }
  parts.push(`This is the code to rewrite:\n${codeBlock(shape.core, languageId, fence)}`);
  parts.push(task(params));
  parts.push(
    'Answer with one fenced block that holds all of the rewritten code and nothing else. Do not repeat the code before or after it.',
  );
  return parts.join('\n\n');
}

function task(params: EditRequest): string {
  const instruction = params.instruction.trim();
  if (params.kind === 'refactor') {
    return `Task: ${instruction}`;
  }
  const problems = params.diagnostics.map((diagnostic) => `- ${describeProblem(params, diagnostic)}`);
  const lead = instruction === '' ? '' : `${instruction}\n`;
  return `Task: fix ${problems.length === 1 ? 'this problem' : 'these problems'} with the smallest change that is right.\n${lead}${problems.join('\n')}`;
}

/** Quotes the line, because small models do not count lines. */
function describeProblem(params: EditRequest, { line, message }: EditParams['diagnostics'][number]): string {
  const firstLine = toLf(params.before).split('\n').length;
  const source = toLf(params.selection).split('\n')[line - firstLine]?.trim() ?? '';
  const where = source === '' ? '' : `in the line \`${source}\`: `;
  return `${where}${message.trim()}`;
}
