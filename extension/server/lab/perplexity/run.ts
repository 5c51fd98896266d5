/** Perplexity of a text, alone or compared with a base model. Windows pass through both models; nothing is stored. */
import type { Engine } from '../../engine/engine.ts';
import type { NativeModel } from '../../engine/binding.ts';
import { EngineError } from '../../engine/errors.ts';
import { settle } from '../../engine/generate.ts';
import { withBos } from '../../prompt/encode.ts';
import { list, number, object, whole } from '../../../protocol/check.ts';
import type { Check } from '../../../protocol/check.ts';
import { Journal } from '../journal.ts';
import { RemainingTime } from '../remaining-time.ts';
import type { DivergenceTokens } from './divergence.ts';
import { cutWindows, lastUnscored } from './windows.ts';

export interface PerplexityOptions {
  readonly text: Uint8Array;
  /** Tokens of a window. */
  readonly window: number;
  readonly engine: Engine;
  readonly base: Engine | undefined;
  /** The first windows only; undefined = all. */
  readonly limit: number | undefined;
  readonly state: string | undefined;
  /** What the results depend on. */
  readonly identity: Readonly<Record<string, unknown>>;
}

export interface PerplexityHooks {
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number, remainingSeconds: number | undefined) => void;
}

/** `baseNll`, `kld` are empty and `sameTop` 0 without a base. */
export interface PerplexityTokens extends DivergenceTokens {
  readonly windows: number;
}

interface Entry extends DivergenceTokens {
  readonly window: number;
}

/** NaN is null in JSON. */
const nats = list<number>((value, place) => (value === null ? Number.NaN : number()(value, place)));
const entryCheck: Check<Entry> = object<Entry>({
  window: whole(),
  nll: nats,
  baseNll: nats,
  kld: nats,
  sameTop: whole(),
});

/** Throws `invalidArgument` when the text is too short or the models have different vocabularies. */
export async function measurePerplexity(options: PerplexityOptions, hooks: PerplexityHooks): Promise<PerplexityTokens> {
  const { engine, base, window, text } = options;
  const all = windowsOf(engine.model, text, window);
  if (base !== undefined) {
    refuseOtherVocabulary(all, windowsOf(base.model, text, window));
  }
  const windows = all.slice(0, options.limit);
  const journal = options.state === undefined ? undefined : new Journal(options.state, options.identity, entryCheck);
  try {
    const entries = new Map(journal?.entries.map((entry) => [entry.window, entry]));
    const remaining = new RemainingTime(windows.filter((_, index) => !entries.has(index)).length);
    remaining.start();
    let done = windows.filter((_, index) => entries.has(index)).length;
    for (const [index, ids] of windows.entries()) {
      if (entries.has(index)) continue;
      hooks.onProgress?.(done, windows.length, remaining.seconds());
      const entry = { window: index, ...(await measureWindow(options, ids, hooks.signal)) };
      journal?.append(entry);
      entries.set(index, entry);
      remaining.add(1);
      done++;
    }
    const ordered = windows.map((_, index) => entries.get(index)).filter((entry) => entry !== undefined);
    return {
      windows: windows.length,
      nll: ordered.flatMap(({ nll }) => nll),
      baseNll: ordered.flatMap(({ baseNll }) => baseNll),
      kld: ordered.flatMap(({ kld }) => kld),
      sameTop: ordered.reduce((sum, { sameTop }) => sum + sameTop, 0),
    };
  } finally {
    journal?.close();
  }
}

function windowsOf(model: NativeModel, text: Uint8Array, window: number): Int32Array[] {
  const bos = model.info.addBos ? model.info.bosToken : undefined;
  const windows = cutWindows(withBos(model, model.tokenize(text, false)), window, bos);
  if (windows.length < 2) {
    throw new EngineError('invalidArgument', `The text is too short: at least ${2 * window} tokens are needed.`);
  }
  return windows;
}

async function measureWindow(
  { engine, base, window }: PerplexityOptions,
  ids: Int32Array,
  signal: AbortSignal,
): Promise<DivergenceTokens> {
  const first = lastUnscored(window);
  if (base === undefined) {
    const nll = await engine.run(signal, (model, either) => settle(model.score(ids, first), either));
    return { nll: [...nll], baseNll: [], kld: [], sameTop: 0 };
  }
  const predictions = await base.run(signal, (model, either) => settle(model.predict(ids, first), either));
  const found = await engine.run(signal, (model, either) => settle(model.compare(ids, first, predictions), either));
  return { nll: [...found.nll], baseNll: [...found.baseNll], kld: [...found.kld], sameTop: found.sameTop };
}

function refuseOtherVocabulary(own: readonly Int32Array[], other: readonly Int32Array[]): void {
  const same =
    own.length === other.length && own.every((ids, index) => ids.every((id, at) => id === other[index]?.[at]));
  if (!same) {
    throw new EngineError(
      'invalidArgument',
      'The two models cut this text into different tokens, so their predictions cannot be compared one by one. Compare "paddock evaluate --metric bits-per-byte" instead.',
    );
  }
}
