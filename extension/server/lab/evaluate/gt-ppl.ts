/**
 * Ground-truth perplexity: the perplexity of human answers under a model. Two versions: as GPT4All's evaluation of 2023
 * computed it, with its quirks, to compare with published figures; and as defined.
 */
import { settle } from '../../engine/generate.ts';
import { encodeConversation, withBos } from '../../prompt/encode.ts';
import { EngineError } from '../../engine/errors.ts';
import type { NativeModel } from '../../engine/binding.ts';
import { toAnswerTasks } from './answer-tasks.ts';
import type { AnswerTask } from './answer-tasks.ts';
import { readTasks } from './data-file.ts';
import type { Metric, TaskResult } from './metric.ts';
import { mean } from './statistics.ts';

/** Larger perplexities are clipped to this. */
export const clip = 100;
/** Tokens of a window of the evaluation of 2023. */
export const windowTokens = 512;

type AnswerMetric = Metric<AnswerTask>;

const common = {
  higherIsBetter: false,
  unit: 'perplexity',
  range: [0, clip] as const,
  samples: 1,
  read: (path: string) => readTasks(path, toAnswerTasks),
  idOf: ({ id }: AnswerTask) => id,
  weightOf: ({ messages, answer }: AnswerTask) =>
    messages.reduce((sum, { content }) => sum + content.length, answer.length) + 200,
};

/** `raw` is the logarithm of the perplexity. */
export const gtPpl: AnswerMetric = {
  ...common,
  id: 'gt-ppl',
  definition:
    "For each task exp of the mean negative log-likelihood of the answer's tokens, given the prompt in the model's own chat template; clipped at 100. Tasks without an answer token or beyond the context are left out and counted.",
  evaluate: async (model, task, _sample, signal): Promise<TaskResult> => {
    const answer = model.tokenize(task.answer, false);
    if (answer.length === 0 || task.messages.length === 0) {
      return { raw: null, tokens: 0, excluded: 'empty' };
    }
    const prompt = encodeConversation(model, task.messages);
    const ids = new Int32Array(prompt.length + answer.length);
    ids.set(prompt);
    ids.set(answer, prompt.length);
    if (ids.length > model.info.contextLength) {
      return { raw: null, tokens: 0, excluded: 'tooLong' };
    }
    const nll = await settle(model.score(ids, prompt.length - 1), signal);
    return finite(mean(nll), answer.length);
  },
  toValue: ([result]) =>
    result?.raw === null || result?.raw === undefined ? undefined : Math.min(clip, Math.exp(result.raw)),
};

/** `raw` is the logarithm of the perplexity, `null` for NaN. */
export const gtPpl2023: AnswerMetric = {
  ...common,
  id: 'gt-ppl/gpt4all-2023',
  definition:
    'As eval_self_instruct.py of March 2023: perplexity of the answer without the prompt, without bos and without its first token, in windows of 512 of which the first is weighted by its end; what is not a number counts as 0, a free win; clipped at 100.',
  evaluate: async (model, task, _sample, signal): Promise<TaskResult> => {
    if (model.info.contextLength < windowTokens) {
      throw new EngineError(
        'invalidArgument',
        `gt-ppl/gpt4all-2023 needs a context of at least ${windowTokens} tokens.`,
      );
    }
    if (task.plain === undefined) {
      return { raw: null, tokens: 0, excluded: 'empty' };
    }
    const { prompt, answer } = task.plain;
    const begin = plainIds(model, prompt).length;
    const ids = plainIds(model, `${prompt} ${answer}`);
    const windows = cutWindows2023(begin, ids.length);
    if (windows.length === 0) {
      return { raw: null, tokens: 0, excluded: 'empty' };
    }
    const losses: number[] = [];
    for (const { from, to } of windows) {
      const wide = to - from > 1;
      losses.push(wide ? mean(await settle(model.score(ids.slice(from, to)), signal)) : Number.NaN);
    }
    return finite(logPerplexity2023(windows, losses), ids.length - begin);
  },
  toValue: ([result]) =>
    result === undefined || result.excluded === 'empty'
      ? undefined
      : result.raw === null
        ? 0
        : Math.min(clip, Math.exp(result.raw)),
};

export interface Window2023 {
  readonly from: number;
  readonly to: number;
  /** Tokens that its mean stands for: from the end of the window before, or of the text's beginning for the first. */
  readonly weight: number;
}

/** Windows over the answer, which begins at token `begin` of `length`. */
export function cutWindows2023(begin: number, length: number): Window2023[] {
  const windows: Window2023[] = [];
  for (let from = begin; from < length; from += windowTokens) {
    const to = Math.min(from + windowTokens, length);
    windows.push({ from, to, weight: to - (windows.at(-1)?.to ?? 0) });
  }
  return windows;
}

/** From the mean loss of each window. */
export function logPerplexity2023(windows: readonly Window2023[], losses: readonly number[]): number {
  const sum = windows.reduce((total, { weight }, index) => total + weight * (losses[index] ?? Number.NaN), 0);
  return sum / (windows.at(-1)?.to ?? Number.NaN);
}

function plainIds(model: NativeModel, text: string): Int32Array {
  return withBos(model, model.tokenize(text, false));
}

function finite(raw: number, tokens: number): TaskResult {
  return Number.isFinite(raw) ? { raw, tokens } : { raw: null, tokens, excluded: 'notANumber' };
}
