/** What a user who pauses typing is shown: the code that fits at the cursor, as far as it is one step. */
import type { FinishReason, Timings } from '../../protocol/model.ts';
import type { NativeModel } from '../engine/binding.ts';
import { EngineError } from '../engine/errors.ts';
import { generate } from '../engine/generate.ts';
import type { Generation } from '../engine/generate.ts';
import { completeSampler, editSampler } from '../engine/sampling.ts';
import type { Sampler } from '../engine/sampling.ts';
import { toLf } from '../prompt/code-block.ts';
import { begunOf } from './begun.ts';
import type { Anchor, Begun } from './begun.ts';
import type { ReadingBudget } from './context/reading-speed.ts';
import { extentOf } from './extent.ts';
import { FimPrompter } from './fim-forms.ts';
import type { FimFile } from './fim-forms.ts';
import { isBeforeLine, isInLine, openBrackets, placeOf } from './place.ts';
import type { Place } from './place.ts';
import { windowOf } from './window.ts';
import type { Window } from './window.ts';

export interface CompletionRequest {
  readonly path: string;
  readonly languageId: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly budget: ReadingBudget;
  /** Of one user: the same for all requests. */
  readonly anchor: Anchor;
  /**
   * Code from elsewhere that may help beside what the window shows, the most helpful last. `cost` gives the tokens that
   * one takes.
   */
  readonly others: (window: Window, cost: (other: FimFile) => number) => readonly FimFile[];
}

export interface CompletionHooks {
  readonly signal: AbortSignal;
  /** Completions. */
  readonly most?: number;
  /** Gets the first one piece by piece while the model says it; its end may be cut off in the result. */
  readonly onText?: ((part: string) => void) | undefined;
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
const mostTokens = { line: 48, block: 128 };

/** Several ways to go on: varied, and the same ones each time. */
const variedSampler = { ...editSampler, temperature: 0.7, topP: 0.95 };

/** What a model is asked. */
export interface Asked {
  readonly model: NativeModel;
  readonly request: CompletionRequest;
  readonly place: Place;
  readonly begun: Begun;
  readonly prompt: Int32Array;
  /** How many of its tokens stay the same while a line is typed. */
  readonly lasting: number;
}

/** Throws `invalidArgument` when the model was not trained for it. */
export function askedOf(model: NativeModel, request: CompletionRequest): Asked {
  const prompter = FimPrompter.of(model);
  if (prompter === undefined) {
    throw new EngineError(
      'invalidArgument',
      'This model was not trained to complete code. Choose one that was, such as Qwen2.5-Coder.',
    );
  }
  const [prefix, suffix] = [toLf(request.prefix), toLf(request.suffix)];
  const place = placeOf(prefix, suffix, request.languageId);
  const count = (text: string): number => model.tokenize(text, false).length;
  const window = windowOf(prefix, suffix, request.budget, count);
  const others = request.others(window, (other) => prompter.cost(other, request.languageId));
  const begun = begunOf(window.prefix, request.anchor.at(request.path, window), model);
  const head = prompter.prompt(begun.before, window.suffix, { file: request, others });
  const prompt = Int32Array.from([...head, ...begun.tokens]);
  return { model, request, place, begun, prompt, lasting: head.length + begun.lasting };
}

/** The likeliest completion first, then up to `most - 1` others that differ. */
export async function completeCode(
  asked: Asked,
  { signal, most = 1, onText }: CompletionHooks,
): Promise<readonly [Completion, ...Completion[]]> {
  const first = await completion(asked, completeSampler({}, editSampler), signal, onText);
  if (most === 1 || first.finishReason === 'cancelled') return [first];
  // The first one has left the prompt in the cache; the others share it and their passes.
  const seeds = Array.from({ length: most - 1 }, (_, index) => index + 1);
  const varied = await Promise.all(
    seeds.map((seed) => completion(asked, completeSampler({ seed }, variedSampler), signal)),
  );
  return [first, ...varied.filter(({ text }, index) => isNew(text, [first, ...varied.slice(0, index)]))];
}

function isNew(text: string, before: readonly Completion[]): boolean {
  return text !== '' && before.every((other) => other.text.trim() !== text.trim());
}

async function completion(
  asked: Asked,
  sampler: Sampler,
  signal: AbortSignal,
  onText?: (part: string) => void,
): Promise<Completion> {
  const { model, request, place, prompt, begun } = asked;
  const generation = await untilEnd(asked, sampler, signal, onText);
  const answer = answerOf(begun, generation.text);
  const end = extentOf(place, answer, true) ?? answer.length;
  const own = fitted(place, answer.slice(0, end));
  // A whole line before one that stands there already needs its own end.
  const text = own !== '' && isBeforeLine(place) && answer[end] === '\n' ? `${own}\n${place.head}` : own;
  return {
    text: request.prefix.includes('\r\n') ? text.replaceAll('\n', '\r\n') : text,
    finishReason: generation.finishReason,
    promptTokens: prompt.length,
    completionTokens: generation.tokens.length,
    timings: generation.timings,
    likelihood: meanLikelihood(model, generation, begun.opening, own),
  };
}

/** What goes on behind the cursor. */
function answerOf({ opening }: Begun, text: string): string {
  return text.startsWith(opening) ? text.slice(opening.length) : '';
}

/** Generates until the completion has ended; that it was stopped there is its normal end. */
async function untilEnd(
  { model, place, begun, prompt }: Asked,
  sampler: Sampler,
  signal: AbortSignal,
  onText?: (part: string) => void,
): Promise<Generation> {
  const enough = new AbortController();
  let text = '';
  let told = 0;
  const request = {
    prompt,
    maxTokens: isInLine(place) ? mostTokens.line : mostTokens.block,
    sampler,
    opening: begun.opening,
    stop: isInLine(place) && !isBeforeLine(place) ? ['\n'] : [],
    transient: true,
    work: 'completion',
    likelihoods: true,
  } as const;
  const generation = await generate(model, request, {
    signal: AbortSignal.any([signal, enough.signal]),
    onText: (part) => {
      text += part;
      const answer = answerOf(begun, text);
      if (answer.length > told) onText?.(answer.slice(told));
      told = answer.length;
      if (extentOf(place, answer, false) !== undefined) enough.abort();
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

function meanLikelihood(
  model: NativeModel,
  { tokens, likelihoods }: Generation,
  opening: string,
  text: string,
): number {
  if (text === '') return 0;
  const count = Math.min(model.tokenize(opening + text, false).length, tokens.length);
  return likelihoods.subarray(0, count).reduce((sum, one) => sum + one, 0) / count;
}
