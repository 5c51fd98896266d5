/**
 * Bits per byte: what a text costs under a model, by its bytes, so that models with different vocabularies can be
 * compared. As lm-eval-harness defines it: the first token follows the model's prefix token, windows of the context do
 * not overlap, and every token is scored once.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { EngineError } from '../../engine/errors.ts';
import { settle } from '../../engine/generate.ts';
import type { Item } from '../curate/input-item.ts';
import { readTasks } from './data-file.ts';
import type { Metric, TaskResult } from './metric.ts';

export interface Document {
  readonly id: string;
  readonly text: string;
}

/** `raw` is the sum of negative log-likelihoods in nats, `weight` the bytes. */
export const bitsPerByte: Metric<Document> = {
  id: 'bits-per-byte',
  definition:
    "Negative log2-likelihood of the text divided by its UTF-8 bytes. Disjoint windows of the context; the first token is predicted from the model's prefix token (bos, else eos), later windows begin after the last token of the one before; every token is scored once.",
  higherIsBetter: false,
  unit: 'bits per byte',
  range: [0, 8],
  samples: 1,
  read: (path) =>
    /\.(?:jsonl?|ndjson|parquet)(?:\.gz)?$/iu.test(path) ? readTasks(path, toDocuments) : readText(path),
  idOf: ({ id }) => id,
  weightOf: ({ text }) => text.length,
  evaluate: async (model, { text }, _sample, signal): Promise<TaskResult> => {
    const bytes = Buffer.byteLength(text);
    const ids = model.tokenize(text, false);
    if (ids.length === 0) {
      return { raw: null, tokens: 0, excluded: 'empty' };
    }
    const prefix = model.info.bosToken ?? model.info.eosToken;
    if (prefix === undefined) {
      throw new EngineError(
        'unsupportedModel',
        'This model has neither bos nor eos: nothing predicts the first token.',
      );
    }
    let nats = 0;
    for (const window of disjointWindows(ids, prefix, model.info.contextLength)) {
      nats += (await settle(model.score(window), signal)).reduce((sum, value) => sum + value, 0);
    }
    return { raw: nats, tokens: ids.length, weight: bytes };
  },
  toValue: ([result]) =>
    result?.raw === null || result?.raw === undefined
      ? undefined
      : result.raw / Math.LN2 / (result.weight ?? Number.NaN),
  total: (results) => {
    const counted = results.map(([result]) => result).filter((result) => result !== undefined && result.raw !== null);
    const nats = counted.reduce((sum, result) => sum + (result?.raw ?? 0), 0);
    const bytes = counted.reduce((sum, result) => sum + (result?.weight ?? 0), 0);
    return { bitsPerByte: nats / Math.LN2 / bytes, bytePerplexity: Math.exp(nats / bytes), bytes };
  },
};

/** Each begins with what its first token is predicted from, and holds at most `most` tokens. */
export function disjointWindows(ids: Int32Array, prefix: number, most: number): Int32Array[] {
  const windows: Int32Array[] = [];
  for (let at = 0; at < ids.length; at += most - 1) {
    const scored = ids.subarray(at, at + most - 1);
    const window = new Int32Array(scored.length + 1);
    window[0] = at === 0 ? prefix : (ids[at - 1] ?? prefix);
    window.set(scored, 1);
    windows.push(window);
  }
  return windows;
}

async function readText(path: string): ReturnType<Metric<Document>['read']> {
  const bytes = await readFile(path);
  const file = {
    name: basename(path),
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    badLines: 0,
  };
  return { tasks: [{ id: file.name, text: bytes.toString('utf8') }], file };
}

function toDocuments({ value, line }: Item, name: string): Document[] | undefined {
  const { text, page } = (typeof value === 'object' && value !== null ? value : {}) as {
    text?: unknown;
    page?: unknown;
  };
  const content = text ?? page;
  return typeof content === 'string' ? [{ id: `${name}:${line}`, text: content }] : undefined;
}
