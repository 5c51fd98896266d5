/**
 * Scores a record with a model: how well it predicts the answer, and how much the question helps. The second is the
 * instruction-following difficulty (IFD) of Li et al. 2023 ("From Quantity to Quality"): perplexity of the answer with
 * the question, divided by that without it. At 1 or above the question does not help: the answer probably belongs to
 * another question.
 */
import type { Engine } from '../../engine/engine.ts';
import { settle } from '../../engine/generate.ts';
import { withBos } from '../../prompt/encode.ts';
import { mean } from '../evaluate/statistics.ts';
import { encodeSample } from '../train/samples.ts';
import { answerOf } from './record.ts';
import type { CurateRecord } from './record.ts';

export interface ModelScore {
  /** Nats per token of the answer. */
  readonly loss: number;
  readonly ifd: number;
}

export type ScoreRecord = (record: CurateRecord, signal: AbortSignal) => Promise<ModelScore | undefined>;

/** Undefined for a record without an answer, or one that leaves no room for it. */
export function scoreWith(engine: Engine): ScoreRecord {
  return (record, signal) =>
    engine.runInBackground(signal, async (model, either) => {
      const encoded = encodeSample(model, record, 'chat', mostTokens)?.sample;
      const alone = withBos(model, model.tokenize(answerOf(record), false)).subarray(0, mostTokens);
      if (encoded === undefined || alone.length < 2) return undefined;
      const loss = mean(await settle(model.score(encoded.ids, encoded.answer - 1), either));
      const unasked = mean(await settle(model.score(alone), either));
      return { loss, ifd: Math.exp(loss - unasked) };
    });
}

/** Scores of records by their number. */
export async function scoreRecords(
  indices: readonly number[],
  record: (index: number) => CurateRecord,
  score: ScoreRecord,
  signal: AbortSignal,
  /** May yield to the event loop, and throws `cancelled`. */
  onProgress: (done: number) => Promise<void>,
): Promise<Map<number, ModelScore>> {
  const scores = new Map<number, ModelScore>();
  for (const [done, index] of indices.entries()) {
    await onProgress(done);
    const found = await score(record(index), signal);
    if (found !== undefined && Number.isFinite(found.loss)) scores.set(index, found);
  }
  return scores;
}

/** The beginning of a long record is enough. */
const mostTokens = 512;
