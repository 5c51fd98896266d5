/** Answers a question from the code of a workspace, with places that were checked. */
import type { GenerationPart, GenerationResult } from '../../protocol/server.ts';
import { splitThoughts } from '../../protocol/thoughts.ts';
import { stoppedBeforeStart } from '../chat/chat.ts';
import { editSampler } from '../engine/sampling.ts';
import type { Hit } from '../index/workspace-index.ts';
import { codebaseMessage, codebaseTokens, notFound } from '../prompt/features/codebase.ts';
import type { Answers } from '../room/room-answers.ts';
import { checkAnswer } from './citations.ts';
import type { Citation } from './citations.ts';
import { describeExcerpt, readExcerpts } from './excerpts.ts';

export interface CodebaseQuestion {
  /** An absolute path. */
  readonly folder: string;
  readonly question: string;
  /** Places that may answer it, the best first. */
  readonly hits: readonly Hit[];
  readonly maxTokens?: number | undefined;
}

export interface CodebaseAnswer {
  /** Its text has places in the place of the numbers that the model cites. */
  readonly result: GenerationResult;
  readonly citations: readonly Citation[];
  /** Whether the code answers the question. */
  readonly found: boolean;
  /** Citations that named nothing, or code that does not hold what it was cited for. */
  readonly removed: number;
}

/** Greedy: the same code gives the same answer. */
export async function askCodebase(
  { folder, question, hits, maxTokens }: CodebaseQuestion,
  { chat, count }: Pick<Answers, 'chat' | 'count'>,
  signal: AbortSignal,
  onPart: (part: GenerationPart) => void,
): Promise<CodebaseAnswer> {
  const excerpts = await readExcerpts(folder, hits, { tokens: codebaseTokens, count });
  if (excerpts.length === 0) {
    const nothing = { ...stoppedBeforeStart(0), text: notFound, finishReason: 'stop' as const };
    return { result: nothing, citations: [], found: false, removed: 0 };
  }
  const pieces = excerpts.map((excerpt, index) => describeExcerpt(excerpt, index + 1));
  const content = codebaseMessage(question, pieces);
  const messages = [{ role: 'user' as const, content, attachments: [] }];
  const params = { messages, sampler: editSampler, ...(maxTokens === undefined ? {} : { maxTokens }) };
  const result = await chat(params, signal, onPart);
  const { answer } = splitThoughts(result.text);
  const { text, citations, removed } = checkAnswer(answer, excerpts);
  const saysNothing = answer.toLowerCase().includes(notFound.slice(0, -1).toLowerCase());
  if (saysNothing) return { result: { ...result, text: notFound }, citations: [], found: false, removed };
  return { result: { ...result, text }, citations, found: citations.length > 0, removed };
}
