import type { NativeInspection, NativeModule } from './binding.ts';

/** Tokens; the least that the engine takes. */
const minContextLength = 64;

/**
 * Reads a model file's header for the context that will really run: the wish is one setting for all models, so it is
 * brought within what this model was trained for. 0 lets the engine choose. Throws as the engine does.
 */
export function inspectModel(
  addon: NativeModule,
  path: string,
  wish: number,
  {
    prefixCacheBytes,
    compactCache = false,
  }: { readonly prefixCacheBytes?: number | undefined; readonly compactCache?: boolean | undefined } = {},
): NativeInspection {
  const cache = { compactCache, ...(prefixCacheBytes === undefined ? {} : { prefixCacheBytes }) };
  const inspection = addon.inspect(path, { contextLength: 0, ...cache });
  if (wish === 0 || inspection.unsupported !== undefined) {
    return inspection;
  }
  const contextLength = Math.max(minContextLength, Math.min(wish, inspection.trainedContextLength));
  return addon.inspect(path, { contextLength, ...cache });
}
