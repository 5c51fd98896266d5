/**
 * Looks for a bug that nobody has pointed at: a line that the model finds unlikely is written anew by filling it in. A
 * small model fills in a line better than it explains one: it does not see the wrong line, so it cannot copy it. Of all
 * results that wins which is likely both as correct code and as the answer to what was asked. The first alone would
 * choose the most usual style; the second alone likes copies.
 */
import { FimPrompter } from '../complete/fim-forms.ts';
import type { NativeModel } from '../engine/binding.ts';
import { generate } from '../engine/generate.ts';
import { likelihoodOf } from '../engine/likelihood.ts';
import type { Likelihood } from '../engine/likelihood.ts';
import { completeSampler, editSampler } from '../engine/sampling.ts';
import { encodeConversation } from '../prompt/encode.ts';
import { systemMessage } from '../prompt/system.ts';

export interface FixSearch {
  readonly model: NativeModel;
  readonly languageId: string;
  readonly path: string;
  /** The code with the bug: LF line ends, no common indentation. */
  readonly code: string;
  /** What was asked, up to where the code of the answer begins. */
  readonly asked: Int32Array;
  /** Whether a line, from 0, may be written anew. */
  readonly isCode: (line: number) => boolean;
  readonly signal: AbortSignal;
}

/** Longer code would cost more seconds than a search is worth. */
const mostTokens = 640;
/** The bug is seldom in a line that comes later, and a likelier one is then often wrong. */
const mostLines = 2;
const longestLine = 80;
/** How much the likelihood as an answer counts beside that as correct code. */
const weightOfAnswer = 2;

/**
 * Code that is likelier than `answer`, which may be the old code, and likelier than the old code; the best first. Empty
 * when a search would take too long or the model cannot fill in code.
 */
export async function searchFix(search: FixSearch, answer: string): Promise<readonly string[]> {
  const { model, code } = search;
  if (model.tokenize(code, false).length > mostTokens) return [];
  const rate = rater(search);
  const old = await rate(code);
  const limit = answer === code ? old.cost : Math.min(old.cost, (await rate(answer)).cost);
  const found: { readonly text: string; readonly cost: number }[] = [];
  for (const line of unlikelyLines(model, code, old.correct).filter(search.isCode).slice(0, mostLines)) {
    const text = await withLineAnew(search, line);
    if (text === undefined || text === code || text === answer) continue;
    const { correct, cost } = await rate(text);
    if (correct.total < old.correct.total && cost < limit) found.push({ text, cost });
  }
  return found.sort((a, b) => a.cost - b.cost).map(({ text }) => text);
}

interface Rating {
  /** The likelihood as correct code. */
  readonly correct: Likelihood;
  /** In nats, of both likelihoods. */
  readonly cost: number;
}

function rater({ model, languageId, path, asked, signal }: FixSearch): (text: string) => Promise<Rating> {
  const correctCode = encodeConversation(
    model,
    [
      { role: 'system', content: systemMessage },
      { role: 'user', content: `Write correct code for ${path}.` },
    ],
    `\`\`\`${languageId}\n`,
  );
  return async (text) => {
    const correct = await likelihoodOf(model, correctCode, text, signal);
    const answer = await likelihoodOf(model, asked, text, signal);
    return { correct, cost: correct.total + weightOfAnswer * answer.total };
  };
}

/** Line numbers from 0, that with the least likely token first. */
function unlikelyLines(model: NativeModel, code: string, { tokens, surprise }: Likelihood): number[] {
  const worst = code.split('\n').map(() => 0);
  const decoder = new TextDecoder();
  let line = 0;
  tokens.forEach((token, index) => {
    const text = decoder.decode(model.detokenize(Int32Array.of(token), false));
    // Line breaks at its beginning end the line before.
    const at = line + (/^\n*/u.exec(text)?.[0].length ?? 0);
    worst[at] = Math.max(worst[at] ?? 0, surprise[index] ?? 0);
    line += text.split('\n').length - 1;
  });
  return worst.map((_, index) => index).sort((a, b) => (worst[b] ?? 0) - (worst[a] ?? 0));
}

async function withLineAnew({ model, code, signal }: FixSearch, line: number): Promise<string | undefined> {
  const lines = code.split('\n');
  const old = lines[line] ?? '';
  const indent = old.slice(0, old.length - old.trimStart().length);
  const before = [...lines.slice(0, line), indent].join('\n');
  const after = ['', ...lines.slice(line + 1)].join('\n');
  const prompt = FimPrompter.of(model)?.prompt(before, after);
  if (prompt === undefined) return undefined;
  const sampler = completeSampler({}, editSampler);
  const { text } = await generate(
    model,
    {
      prompt,
      maxTokens: longestLine,
      sampler,
      work: 'edit',
      stop: ['\n'],
      prediction: model.tokenize(old.trim(), false),
    },
    { signal },
  );
  return text.trim() === '' ? undefined : `${before}${text.trim()}${after}`;
}
