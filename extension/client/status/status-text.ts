/** The text of the status bar in each state of the engine. Pure: `t` translates. */
import { modelTitle, type Translate } from '../../protocol/model-texts.ts';
import type { EngineView, ModelsView } from '../../protocol/webview.ts';

export interface StatusText {
  /** Includes codicons. */
  readonly text: string;
  /** The same for screen readers. */
  readonly label: string;
  readonly tooltip: string;
  readonly severity: 'normal' | 'warning' | 'error';
}

export function statusText(engine: EngineView, models: ModelsView | undefined, t: Translate): StatusText {
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
      const { contextLength, threads } = engine.model;
      if (engine.otherModel === true && runningTitle !== title && title !== '') {
        const text = t('Another window uses {0}. Your next question loads {1} again.', runningTitle, title);
        return normal('$(comment-discussion)', t('Paddock: ready'), text);
      }
      const facts = t('{0} · {1} tokens of context · {2} threads', title, contextLength.toLocaleString(), threads);
      return normal('$(comment-discussion)', t('Paddock: ready'), facts);
    }
    case 'answering':
      if (engine.elsewhere === true) {
        const text = t('{0} is answering in another window.', runningTitle);
        return normal('$(loading~spin)', t('Paddock: busy'), text);
      }
      return normal('$(loading~spin)', t('Paddock: answering'), t('{0} is answering.', title));
    case 'restarting':
      return { ...normal('$(warning)', t('Paddock: restarting'), engine.message), severity: 'warning' };
    case 'failed':
      return { ...normal('$(error)', t('Paddock: failed'), engine.message), severity: 'error' };
  }
}

/** Of the model in memory, whichever window has loaded it. */
function titleInMemory(engine: EngineView, models: ModelsView | undefined): string {
  if (engine.kind !== 'ready' && engine.kind !== 'answering') return '';
  const { path, name } = engine.model;
  return models?.entries.find((entry) => entry.path === path)?.title ?? name;
}

function normal(icon: string, label: string, tooltip: string): StatusText {
  return { text: `${icon} ${label}`, label, tooltip, severity: 'normal' };
}
