/** Records as the ids that a model is trained on. */
import { createHash } from 'node:crypto';
import { EngineError } from '../../engine/errors.ts';
import { encodeWithAnswers, withBos } from '../../prompt/encode.ts';
import type { Span, TokenizerModel } from '../../prompt/encode.ts';
import { readAnswered } from '../collect/prompts.ts';
import { answerOf, promptOf } from '../curate/record.ts';
import type { CurateRecord } from '../curate/record.ts';
import type { TextForm, TrainSettings } from './settings.ts';

export interface EncodedSample {
  readonly ids: Int32Array;
  /** Index of the last answer's first id: from here on all ids count in the loss. */
  readonly answer: number;
  /** Answers before, which count too, each with the token that ends it. */
  readonly earlier: readonly Span[];
}

export interface SampleSet {
  readonly samples: readonly EncodedSample[];
  readonly tokens: number;
  /** Tokens of answers, whose prediction is trained. */
  readonly counted: number;
  /** Truncated answers; their end token is not trained. */
  readonly truncated: number;
  /** Questions so long that no answer fits behind them. */
  readonly skipped: number;
  readonly badLines: number;
  /** Of all ids and of where answers begin. */
  readonly sha256: string;
}

export async function readSamples(
  model: TokenizerModel,
  files: readonly string[],
  settings: Pick<TrainSettings, 'maxTokens' | 'text'>,
): Promise<SampleSet> {
  const samples: EncodedSample[] = [];
  const hash = createHash('sha256');
  let [tokens, counted, truncated, skipped, badLines] = [0, 0, 0, 0, 0];
  for (const file of files) {
    const { records, badLines: bad } = await readAnswered(file);
    badLines += bad;
    for (const record of records) {
      const made = encodeSample(model, record, settings.text, settings.maxTokens);
      if (made === undefined) {
        skipped++;
        continue;
      }
      const { sample } = made;
      samples.push(sample);
      tokens += sample.ids.length;
      counted += countedOf(sample);
      truncated += made.truncated ? 1 : 0;
      hash.update(JSON.stringify([sample.answer, sample.ids.length, sample.earlier])).update(sample.ids);
    }
  }
  return { samples, tokens, counted, truncated, skipped, badLines, sha256: hash.digest('hex') };
}

/** Undefined when the question leaves no room for an answer. */
export function encodeSample(
  model: TokenizerModel,
  record: Pick<CurateRecord, 'messages'>,
  form: TextForm,
  maxTokens: number,
): { readonly sample: EncodedSample; readonly truncated: boolean } | undefined {
  const { ids: prompt, answers } =
    form === 'chat' ? chatPrompt(model, record) : { ids: plainPrompt(model, record, maxTokens), answers: [] };
  if (prompt.length >= maxTokens) {
    return undefined;
  }
  const answer = model.tokenize(answerOf(record), false);
  // A truncated answer must not train the end token.
  const truncated = prompt.length + answer.length + 1 > maxTokens;
  const end = truncated ? [] : [endToken(model)];
  const kept = answer.subarray(0, maxTokens - prompt.length);
  const ids = new Int32Array(prompt.length + kept.length + end.length);
  ids.set(prompt);
  ids.set(kept, prompt.length);
  ids.set(end, prompt.length + kept.length);
  return {
    sample: { ids, answer: prompt.length, earlier: answers.map((span) => withEnd(model, prompt, span)) },
    truncated,
  };
}

function countedOf({ ids, answer, earlier }: EncodedSample): number {
  return ids.length - answer + earlier.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** The token that ends an answer is a part of it, where the template has one. */
function withEnd({ info }: TokenizerModel, ids: Int32Array, { from, to }: Span): Span {
  const next = ids[to];
  const ends = next !== undefined && (next === info.eosToken || info.endTokens.includes(next));
  return { from, to: ends ? to + 1 : to };
}

function chatPrompt(
  model: TokenizerModel,
  { messages }: Pick<CurateRecord, 'messages'>,
): ReturnType<typeof encodeWithAnswers> {
  const last = messages.findLastIndex(({ role }) => role === 'assistant');
  return encodeWithAnswers(model, messages.slice(0, last === -1 ? messages.length : last));
}

/** As GPT4All did in 2023: no template, and of a long question its first half of the room. */
function plainPrompt(model: TokenizerModel, record: Pick<CurateRecord, 'messages'>, maxTokens: number): Int32Array {
  const ids = model.tokenize(`${promptOf(record)}\n`, false);
  return withBos(model, ids.subarray(0, Math.floor(maxTokens / 2)));
}

function endToken({ info }: TokenizerModel): number {
  const end = info.eosToken ?? info.endTokens[0];
  if (end === undefined) {
    throw new EngineError('unsupportedModel', 'This model has no token that ends an answer. Choose another one.');
  }
  return end;
}

/** Samples as the engine takes them: one behind the other. */
export function flatten(samples: readonly EncodedSample[]): {
  ids: Int32Array;
  lengths: Int32Array;
  counted: Uint8Array;
} {
  const total = samples.reduce((sum, { ids }) => sum + ids.length, 0);
  const [ids, counted] = [new Int32Array(total), new Uint8Array(total)];
  let at = 0;
  for (const sample of samples) {
    ids.set(sample.ids, at);
    counted.fill(1, at + sample.answer, at + sample.ids.length);
    for (const { from, to } of sample.earlier) counted.fill(1, at + from, at + to);
    at += sample.ids.length;
  }
  return { ids, lengths: Int32Array.from(samples, (sample) => sample.ids.length), counted };
}
