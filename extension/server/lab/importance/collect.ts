/** Computes an importance matrix from texts: sums of squared activations per column, over whole windows of tokens. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { NativeModel } from '../../engine/binding.ts';
import type { Engine } from '../../engine/engine.ts';
import { EngineError } from '../../engine/errors.ts';
import { settle } from '../../engine/generate.ts';
import { withBos } from '../../prompt/encode.ts';
import { cutWindows } from '../perplexity/windows.ts';
import { RemainingTime } from '../remaining-time.ts';
import { readSamples } from '../train/samples.ts';

export interface ImportanceOptions {
  readonly engine: Engine;
  /** Texts, and records as `paddock train` reads them (.json, .jsonl). */
  readonly files: readonly string[];
  /** Tokens of a window. */
  readonly window: number;
  /** The first windows only; undefined = all. */
  readonly limit: number | undefined;
  readonly out: string;
}

export interface ImportanceHooks {
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number, remainingSeconds: number | undefined) => void;
}

/** Writes the file when all is read. Throws `invalidArgument` when the texts together do not fill a window. */
export async function collectImportance(
  { engine, files, window, limit, out }: ImportanceOptions,
  { signal, onProgress }: ImportanceHooks,
): Promise<{ readonly windows: number; readonly tokens: number }> {
  const { model } = engine;
  const bos = model.info.addBos ? model.info.bosToken : undefined;
  const windows = cutWindows(withBos(model, await readIds(model, files, window)), window, bos).slice(0, limit);
  if (windows.length === 0) {
    throw new EngineError(
      'invalidArgument',
      `The texts are too short: at least ${window} tokens are needed. 50,000 or more give better results.`,
    );
  }
  const remaining = new RemainingTime(windows.length);
  remaining.start();
  for (const [done, ids] of windows.entries()) {
    onProgress?.(done, windows.length, remaining.seconds());
    await engine.runInBackground(signal, (loaded, either) => settle(loaded.observe(ids), either));
    remaining.add(1);
  }
  await engine.runInBackground(signal, (loaded, either) => settle(loaded.saveImportance(out, files), either));
  return { windows: windows.length, tokens: windows.length * window };
}

/** Concatenates all files; of records, the text that a model would be trained on. */
async function readIds(model: NativeModel, files: readonly string[], window: number): Promise<Int32Array> {
  const parts: Int32Array[] = [];
  for (const file of files) {
    if (['.json', '.jsonl'].includes(extname(file).toLowerCase())) {
      const { samples } = await readSamples(model, [file], { maxTokens: window, text: 'chat' });
      parts.push(...samples.map(({ ids }) => ids));
    } else {
      parts.push(model.tokenize(await readFile(file), false));
    }
  }
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
