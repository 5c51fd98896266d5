/** The text of the status bar in each state of the engine. Pure: `t` translates. */
import { formatBytes } from '../../protocol/format.ts';
import type { ModelInfo } from '../../protocol/model.ts';
import { modelTitle, type Translate } from '../../protocol/model-texts.ts';
import type { EngineState } from '../../protocol/server.ts';
import type { EngineView, ModelsView } from '../../protocol/webview.ts';

export interface StatusText {
  /** Includes codicons. */
  readonly text: string;
  /** The same for screen readers. */
  readonly label: string;
  readonly tooltip: string;
  readonly severity: 'normal' | 'warning' | 'error';
}

/** `completion` is the state of the model that only completes. */
export function statusText(
  engine: EngineView,
  completion: EngineState,
  models: ModelsView | undefined,
  t: Translate,
): StatusText {
  const completes = completionText(completion, models, t);
  const isCompleting = completion.kind === 'ready' || completion.kind === 'answering';
  const text =
    engine.kind === 'noModel' && isCompleting
      ? normal('$(comment-discussion)', t('Paddock: completing'), t('The model that answers is not loaded.'))
      : answersText(engine, models, t);
  return completes === '' ? text : { ...text, tooltip: `${text.tooltip}\n${completes}` };
}

function completionText(state: EngineState, models: ModelsView | undefined, t: Translate): string {
  switch (state.kind) {
    case 'ready':
    case 'answering':
      return t('Completions: {0} · {1} of memory', titleOf(state.model, models), formatBytes(state.model.memory.total));
    case 'resting':
      return t('Completions: {0}, unloaded while nobody types', titleOf(state.model, models));
    case 'loading':
      return t('Completions: loading a model, {0} %', Math.floor(state.fraction * 100));
    case 'failed':
      return t('Completions: {0}', state.message);
    case 'noModel':
      return '';
  }
}

function answersText(engine: EngineView, models: ModelsView | undefined, t: Translate): StatusText {
  const title = modelTitle(engine, models) ?? '';
  const runningTitle = titleInMemory(engine, models);
  const download = models?.downloads.find(({ progress }) => progress !== undefined)?.progress;
  if (download !== undefined && engine.kind !== 'answering' && engine.kind !== 'loading') {
    const percent = download.totalBytes > 0 ? Math.floor((100 * download.receivedBytes) / download.totalBytes) : 0;
    return normal('$(cloud-download)', t('Paddock: downloading {0} %', percent), t('Downloading a model…'));
  }
  switch (engine.kind) {
    case 'idle':
      return normal('$(comment-discussion)', t('Paddock'), t('Paddock starts its engine when you first need it.'));
    case 'starting':
      return normal('$(loading~spin)', t('Paddock: starting'), t('Starting the engine…'));
    case 'noModel':
      return normal('$(comment-discussion)', t('Paddock: no model'), t('No model is loaded. Click to choose one.'));
    case 'loading': {
      const percent = Math.floor(engine.fraction * 100);
      return normal('$(loading~spin)', t('Paddock: loading {0} %', percent), t('Loading {0}…', title));
    }
    case 'ready': {
      const { contextLength, threads, memory } = engine.model;
      if (engine.otherModel === true && runningTitle !== title && title !== '') {
        const text = t('Another window uses {0}. Your next question loads {1} again.', runningTitle, title);
        return normal('$(comment-discussion)', t('Paddock: ready'), text);
      }
      const facts = t(
        '{0} · {1} tokens of context · {2} threads · {3} of memory',
        title,
        contextLength.toLocaleString(),
        threads,
        formatBytes(memory.total),
      );
      return normal('$(comment-discussion)', t('Paddock: ready'), facts);
    }
    case 'answering':
      if (engine.elsewhere === true) {
        const text = t('{0} is answering in another window.', runningTitle);
        return normal('$(loading~spin)', t('Paddock: busy'), text);
      }
      return normal('$(loading~spin)', t('Paddock: answering'), t('{0} is answering.', title));
    case 'resting':
      return normal(
        '$(comment-discussion)',
        t('Paddock: ready'),
        t('{0} was unloaded, since nobody used it. Your next question loads it again.', title),
      );
    case 'restarting':
      return { ...normal('$(warning)', t('Paddock: restarting'), engine.message), severity: 'warning' };
    case 'failed':
      return { ...normal('$(error)', t('Paddock: failed'), engine.message), severity: 'error' };
  }
}

/** Of the model in memory, whichever window has loaded it. */
function titleInMemory(engine: EngineView, models: ModelsView | undefined): string {
  return engine.kind === 'ready' || engine.kind === 'answering' ? titleOf(engine.model, models) : '';
}

function titleOf({ path, name }: ModelInfo, models: ModelsView | undefined): string {
  return models?.entries.find((entry) => entry.path === path)?.title ?? name;
}

function normal(icon: string, label: string, tooltip: string): StatusText {
  return { text: `${icon} ${label}`, label, tooltip, severity: 'normal' };
}
