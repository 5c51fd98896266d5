import { html, type TemplateResult } from 'lit';
import type { ChatState } from '../../extension/protocol/webview.ts';
import { t } from '../shared/l10n.ts';
import { ChatElement } from './element.ts';
import { icon } from '../shared/icon.ts';

interface Suggestion {
  readonly icon: string;
  readonly text: string;
  readonly attach?: 'file';
}

/**
 * An empty chat: what Paddock is, and three questions to begin with.
 *
 * @property state - the chat
 */
export class Welcome extends ChatElement {
  static override readonly properties = { state: { attribute: false }, hint: { state: true } };
  declare state: ChatState;
  declare hint: string;

  constructor() {
    super();
    this.hint = '';
  }

  protected override render(): TemplateResult {
    return html`<section class="welcome" data-testid="welcome">
      ${icon('comment-discussion')}
      <h1>${t('Ask about your code')}</h1>
      <p>${t('Answers are made on this computer. Nothing you write or attach leaves it.')}</p>
      <ul class="suggestions">
        ${suggestions().map(
          (suggestion) =>
            html`<li>
              <button
                type="button"
                class="suggestion"
                data-testid="suggestion"
                @click=${() => void this.#ask(suggestion)}
              >
                ${icon(suggestion.icon)}<span>${suggestion.text}</span>
              </button>
            </li>`,
        )}
      </ul>
      <p class="hint" role="status">${this.hint}</p>
    </section>`;
  }

  async #ask({ text, attach }: Suggestion): Promise<void> {
    const attached = attach === undefined ? { done: true } : await this.host.attach(attach);
    if (!attached.done) {
      this.hint = attached.reason ?? t('Open a file first. The question is about it.');
      return;
    }
    const sent = await this.host.send(text);
    this.hint = sent.reason ?? '';
  }
}

customElements.define('paddock-welcome', Welcome);

function suggestions(): Suggestion[] {
  return [
    { icon: 'file-code', text: t('Explain the open file to me'), attach: 'file' },
    { icon: 'bug', text: t('Look for mistakes in the open file'), attach: 'file' },
    { icon: 'git-commit', text: t('How do I undo my last Git commit but keep the changes?') },
  ];
}
