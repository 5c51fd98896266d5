/** What a user who pauses typing is shown: the code that fits at the cursor, as far as it is one step. */
import type { FinishReason, Timings } from '../../protocol/model.ts';
import type { NativeModel } from '../engine/binding.ts';
import { EngineError } from '../engine/errors.ts';
import { generate } from '../engine/generate.ts';
import type { Generation } from '../engine/generate.ts';
import { completeSampler, editSampler } from '../engine/sampling.ts';
import { toLf } from '../prompt/code-block.ts';
import { extentOf } from './extent.ts';
import { FimPrompter } from './fim-forms.ts';
import type { FimFile } from './fim-forms.ts';
import { isInLine, openBrackets, placeOf } from './place.ts';
import type { Place } from './place.ts';
import { windowOf } from './window.ts';

export interface CompletionRequest {
  readonly path: string;
  readonly languageId: string;
  readonly prefix: string;
  readonly suffix: string;
  /** Code from elsewhere that may help, the most helpful last. */
  readonly others: readonly FimFile[];
}

export interface Completion {
  /** Empty when there is nothing to show. */
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly timings: Timings;
  /** ln p of a token, the mean over the completion; 0 for an empty one. */
  readonly likelihood: number;
}

/** In tokens. */
const budget = { prefix: 1024, suffix: 256, others: 1024 };
const mostTokens = { line: 48, block: 128 };

/** Throws `invalidArgument` when the model was not trained for it. */
export async function completeCode(
  model: NativeModel,
  request: CompletionRequest,
  signal: AbortSignal,
): Promise<Completion> {
  const prompter = FimPrompter.of(model);
  if (prompter === undefined) {
    throw new EngineError(
      'invalidArgument',
      'This model was not trained to complete code. Choose one that was, such as Qwen2.5-Coder.',
    );
  }
  const { languageId, path } = request;
  const [prefix, suffix] = [toLf(request.prefix), toLf(request.suffix)];
  const place = placeOf(prefix, suffix, languageId);
  const count = (text: string): number => model.tokenize(text, false).length;
  const window = windowOf(prefix, suffix, budget, count);
  const prompt = prompter.prompt(window.prefix, window.suffix, path, fitting(request.others, budget.others, count));
  const generation = await untilEnd(model, place, prompt, signal);
  const text = fitted(place, generation.text.slice(0, extentOf(place, generation.text, true)));
  return {
    text: request.prefix.includes('\r\n') ? text.replaceAll('\n', '\r\n') : text,
    finishReason: generation.finishReason,
    promptTokens: prompt.length,
    completionTokens: generation.tokens.length,
    timings: generation.timings,
    likelihood: meanLikelihood(model, generation, text),
  };
}

/** The last ones that fit. */
function fitting(others: readonly FimFile[], tokens: number, count: (text: string) => number): readonly FimFile[] {
  let room = tokens;
  const kept: FimFile[] = [];
  for (const other of others.toReversed()) {
    room -= count(other.text);
    if (room < 0) break;
    kept.unshift(other);
  }
  return kept;
}

/** Generates until the completion has ended; that it was stopped there is its normal end. */
async function untilEnd(
  model: NativeModel,
  place: Place,
  prompt: Int32Array,
  signal: AbortSignal,
): Promise<Generation> {
  const enough = new AbortController();
  let text = '';
  const request = {
    prompt,
    maxTokens: isInLine(place) ? mostTokens.line : mostTokens.block,
    sampler: completeSampler({}, editSampler),
    stop: isInLine(place) ? ['\n'] : [],
    transient: true,
    work: 'completion',
    likelihoods: true,
  } as const;
  const generation = await generate(model, request, {
    signal: AbortSignal.any([signal, enough.signal]),
    onText: (part) => {
      text += part;
      if (extentOf(place, text, false) !== undefined) enough.abort();
    },
  });
  return enough.signal.aborted && !signal.aborted ? { ...generation, finishReason: 'stop' } : generation;
}

/** Nothing that stands there already, nor a line that repeats the one above. */
function fitted({ languageId, head, tail, above, below }: Place, text: string): string {
  const [line = ''] = text.split('\n', 1);
  if (head.trim() === '' && line.trim() !== '' && line.trim() === above.trim() && /\w/u.test(line)) return '';
  // The line is whole, and nothing follows it soon.
  if (head.trim() !== '' && /^\s*\n[^\S\n]*\n/u.test(text)) return '';
  let kept = text.trimEnd();
  if (kept.trim() === '') return '';
  // Closing brackets that nothing of the completion opens and that stand behind it already.
  const standing = (tail.trim() === '' ? (below[0] ?? '') : tail).trim();
  const needed = openBrackets(`${head}${kept}`, languageId).length;
  while (/[)\]}]$/u.test(kept) && standing.startsWith(kept.at(-1) ?? '')) {
    const shorter = kept.slice(0, -1).trimEnd();
    if (openBrackets(`${head}${shorter}`, languageId).length > needed) break;
    kept = shorter;
  }
  return kept;
}

function meanLikelihood(model: NativeModel, { tokens, likelihoods }: Generation, text: string): number {
  const count = Math.min(model.tokenize(text, false).length, tokens.length);
  if (count === 0) return 0;
  return likelihoods.subarray(0, count).reduce((sum, one) => sum + one, 0) / count;
}
