/**
 * A model with an adapter. The engine runs only complete models, so the adapter is merged once into an 8-bit copy, with
 * hardly any loss, and the copy is kept.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { NativeModule } from '../engine/binding.ts';
import { settle } from '../engine/generate.ts';
import { sha256OfFile } from './partial-file.ts';

export interface MergeHooks {
  readonly signal: AbortSignal;
  /** 0..1 */
  readonly onProgress: (fraction: number) => void;
}

/** The path of the copy in `folder`. Does not check the adapter; `quantize` does. */
export async function mergedModel(
  addon: NativeModule,
  { model, adapter, folder }: { readonly model: string; readonly adapter: string; readonly folder: string },
  { signal, onProgress }: MergeHooks,
): Promise<string> {
  const { size, mtimeMs } = await stat(model);
  const key = createHash('sha256')
    .update(JSON.stringify([model, size, mtimeMs, await sha256OfFile(adapter, signal)]))
    .digest('hex');
  const path = join(folder, `${basename(model).replace(/\.gguf$/iu, '')}-${key.slice(0, 16)}.gguf`);
  try {
    const now = new Date();
    await utimes(path, now, now);
    return path;
  } catch {
    // The copy does not exist yet.
  }
  await mkdir(folder, { recursive: true });
  await removeOldest(folder, keptCopies - 1);
  await settle(addon.quantize(model, adapter, '', path, 'Q8_0', 0, onProgress), signal);
  return path;
}

/** Each copy is as large as a model, so trying many adapters must not fill the disk. */
const keptCopies = 3;

async function removeOldest(folder: string, keep: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.gguf'));
  const files = await Promise.all(
    names.map(async (name) => ({ path: join(folder, name), time: (await stat(join(folder, name))).mtimeMs })),
  );
  const old = files.sort((one, other) => other.time - one.time).slice(keep);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
}
