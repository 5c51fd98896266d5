/** What the chat view, the picker and the status bar say about a model: the same words everywhere. `t` translates. */
import { formatBytes, formatDuration } from './format.ts';
import type { DownloadProgress, ModelEntry } from './server.ts';
import type { EngineView, ModelsView } from './webview.ts';

export type Translate = (message: string, ...values: (string | number)[]) => string;

/** Whether the model fits into the memory of this computer. The verdict comes first: lists cut the end. */
export function fitText({ fit, memory }: Pick<ModelEntry, 'fit' | 'memory'>, t: Translate): string {
  const need = formatBytes(memory.total);
  switch (fit) {
    case 'fits':
      return t('Fits: needs {0} of memory', need);
    case 'tight':
      return t('Close other programs first: needs {0} of memory', need);
    case 'tooLarge':
      return t('Too large for this computer: needs {0} of memory', need);
  }
}

export function downloadText(progress: DownloadProgress | undefined, t: Translate): string {
  if (progress === undefined || progress.phase === 'connecting') return t('Connecting…');
  if (progress.phase === 'verifying') return t('Checking the file…');
  const { receivedBytes, totalBytes, bytesPerSecond, remainingSeconds } = progress;
  const part = t('{0} of {1}', formatBytes(receivedBytes), formatBytes(totalBytes));
  const rate = bytesPerSecond > 0 ? ` · ${formatBytes(bytesPerSecond)}/s` : '';
  const rest = remainingSeconds === undefined ? '' : ` · ${t('{0} left', formatDuration(remainingSeconds))}`;
  return part + rate + rest;
}

/**
 * The title of the model that answers this window: the loaded one, or the one that will be loaded; a name from the file
 * when it is not listed.
 * Undefined when there is no model, or loading failed.
 */
export function modelTitle(engine: EngineView, models: ModelsView | undefined): string | undefined {
  if (engine.kind === 'noModel' || engine.kind === 'failed') return undefined;
  const isRunning = engine.kind === 'ready' || engine.kind === 'answering' || engine.kind === 'resting';
  const running = isRunning && engine.otherModel !== true ? engine.model : undefined;
  const entry = models?.entries.find(({ id, path }) =>
    running === undefined ? id === models.current : path === running.path,
  );
  return entry?.title ?? running?.name ?? (engine.kind === 'loading' ? engine.model : undefined);
}
