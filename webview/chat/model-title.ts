import type { ChatState } from '../../extension/protocol/webview.ts';

/**
 * The model that answers, or will when it is loaded, as the catalogue calls it; a file of the user by the name in it.
 * Undefined when there is none, or none that works.
 */
export function modelTitle({ engine, models }: Pick<ChatState, 'engine' | 'models'>): string | undefined {
  if (engine.kind === 'noModel' || engine.kind === 'failed') return undefined;
  const running = engine.kind === 'ready' || engine.kind === 'answering' ? engine.model : undefined;
  const entry = models?.entries.find(({ id, path }) =>
    running === undefined ? id === models.current : path === running.path,
  );
  return entry?.title ?? running?.name ?? (engine.kind === 'loading' ? engine.model : undefined);
}

/** Cuts a title behind its size, e.g. `Qwen2.5 Coder 1.5B Instruct`: the size stays readable when space is short. */
export function splitSize(title: string): { readonly before: string; readonly size: string } {
  const match = /^(.*?\S)\s+(\d+(?:\.\d+)?[BM])\b/u.exec(title.slice(0, 200));
  return { before: match?.[1] ?? title, size: match?.[2] ?? '' };
}
