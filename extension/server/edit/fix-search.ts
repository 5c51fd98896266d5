/**
 * Looks for a bug that nobody has pointed at: a line that the model finds unlikely is written anew by filling it in. Of
 * all results the most likely code wins. A small model fills in a line better than it explains one: it does not see the
 * wrong line, so it cannot copy it.
 */
import { diffArrays } from 'diff';
import type { NativeModel } from '../engine/binding.ts';
import { generate } from '../engine/generate.ts';
import { likelihoodOf } from '../engine/likelihood.ts';
import type { Likelihood } from '../engine/likelihood.ts';
import { completeSampler, editSampler } from '../engine/sampling.ts';
import { encodeConversation } from '../prompt/encode.ts';
import { buildInfillPrompt } from '../prompt/infill.ts';
import { systemMessage } from '../prompt/system.ts';

export interface FixSearch {
  readonly model: NativeModel;
  readonly languageId: string;
  readonly path: string;
  /** The code with the bug: LF line ends, no common indentation. */
  readonly code: string;
  /** Whether a line, from 0, may be written anew. */
  readonly isCode: (line: number) => boolean;
  readonly signal: AbortSignal;
}

/** Longer code would cost more seconds than a search is worth. */
const mostTokens = 640;
/** The bug is seldom in a line that comes later, and a likelier one is then often wrong. */
const mostLines = 2;
const longestLine = 80;
/** In nats: what each changed word must win, since most bugs are small. */
const costOfWord = 1;

/**
 * Code that is likelier than `answer`, which may be the old code, and likelier than the old code; the best first. Empty
 * when a search would take too long or the model cannot fill in code.
 */
export async function searchFix(search: FixSearch, answer: string): Promise<readonly string[]> {
  const { model, code, languageId, path, signal } = search;
  if (model.tokenize(code, false).length > mostTokens) return [];
  const context = encodeConversation(
    model,
    [
      { role: 'system', content: systemMessage },
      { role: 'user', content: `Write correct code for ${path}.` },
    ],
    `\`\`\`${languageId}\n`,
  );
  const likelihood = (text: string): Promise<Likelihood> => likelihoodOf(model, context, text, signal);
  const cost = (text: string, { total }: Likelihood): number => total + costOfWord * changedWords(code, text);
  const old = await likelihood(code);
  const limit = answer === code ? old.total : Math.min(old.total, cost(answer, await likelihood(answer)));
  const found: { readonly text: string; readonly total: number }[] = [];
  for (const line of unlikelyLines(model, code, old).filter(search.isCode).slice(0, mostLines)) {
    const text = await withLineAnew(search, line);
    if (text === undefined || text === code || text === answer) continue;
    const made = await likelihood(text);
    const total = cost(text, made);
    if (made.total < old.total && total < limit) found.push({ text, total });
  }
  return found.sort((a, b) => a.total - b.total).map(({ text }) => text);
}

function changedWords(before: string, after: string): number {
  const words = (text: string): string[] => text.match(/[\p{L}\p{N}_]+|\S/gu) ?? [];
  let [changed, removedBefore] = [0, 0];
  for (const { added, removed, count } of diffArrays(words(before), words(after))) {
    // A removal comes right before what stands in its place.
    changed += added ? Math.max(0, count - removedBefore) : removed ? count : 0;
    removedBefore = removed ? count : 0;
  }
  return changed;
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
  const prompt = buildInfillPrompt(model, before, after);
  if (prompt === undefined) return undefined;
  const sampler = completeSampler({}, editSampler);
  const { text } = await generate(
    model,
    { prompt, maxTokens: longestLine, sampler, stop: ['\n'], prediction: model.tokenize(old.trim(), false) },
    { signal },
  );
  return text.trim() === '' ? undefined : `${before}${text.trim()}${after}`;
}
