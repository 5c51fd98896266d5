import type { NativeInspection, NativeModule } from './binding.ts';

/**
 * Reads a model file's header for the context that will really run: the wish is one setting for all models, so the
 * engine brings it within what this model was trained for. 0 lets it choose. Throws as the engine does.
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
  return addon.inspect(path, {
    contextLength: wish,
    compactCache,
    ...(prefixCacheBytes === undefined ? {} : { prefixCacheBytes }),
  });
}
