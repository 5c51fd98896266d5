import { html, nothing, type TemplateResult } from 'lit';
import type { ChatState, ErrorAction } from '../../extension/protocol/webview.ts';
import { t } from '../shared/l10n.ts';
import { actionLabel } from './assistant-message.ts';
import { ChatElement } from './element.ts';
import { icon } from '../shared/icon.ts';
import { modelTitle } from '../../extension/protocol/model-texts.ts';

/**
 * One quiet line above the composer while the engine is not ready: its activity, or the failure and what to do.
 *
 * @property state - the chat
 */
export class EngineBanner extends ChatElement {
  static override readonly properties = { state: { attribute: false } };
  declare state: ChatState;

  protected override render(): TemplateResult | typeof nothing {
    const { engine } = this.state;
    switch (engine.kind) {
      case 'starting':
        return banner(icon('loading', true), t('Starting the engine…'));
      case 'loading': {
        const text = t('Loading {0}…', modelTitle(this.state.engine, this.state.models) ?? engine.model);
        return html`<div class="banner loading" data-testid="banner">
          <span role="status">${text}</span>
          <progress aria-label=${text} max="1" .value=${engine.fraction}></progress>
        </div>`;
      }
      case 'restarting':
        // The interrupted answer already shows the reason.
        return banner(icon('loading', true), t('The engine stopped. Starting it again…'));
      case 'failed':
        return this.#failure(
          engine.message,
          engine.data.code === 'engineUnavailable' || engine.data.code === 'engineStopped',
        );
      default:
        return nothing;
    }
  }

  #failure(message: string, ofProcess: boolean): TemplateResult {
    const actions: ErrorAction[] = ofProcess ? ['restartEngine', 'showLog'] : ['chooseModel', 'showLog'];
    return html`<div class="banner failed" role="alert" data-testid="banner">
      ${icon('error')}
      <span>${message}</span>
      ${actions.map(
        (action) =>
          html`<button type="button" class="link" @click=${() => this.host.run(action)}>
            ${actionLabel(action)}
          </button>`,
      )}
    </div>`;
  }
}

customElements.define('paddock-engine-banner', EngineBanner);

function banner(symbol: TemplateResult, text: string): TemplateResult {
  return html`<div class="banner" role="status" data-testid="banner">${symbol}<span>${text}</span></div>`;
}
