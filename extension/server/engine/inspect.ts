import type { NativeInspection, NativeModule } from './binding.ts';

/**
 * Reads a model file's header for the context that will run. The setting is the same for all models, so the engine
 * limits it to the trained context of this one. 0 lets the engine choose. Throws the engine's errors.
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
