import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { codeActions, type CodeOrigin, type MessageView } from '../../extension/protocol/webview.ts';
import { t } from '../shared/l10n.ts';
import type { AnswerMessage } from './assistant-message.ts';
import './assistant-message.ts';
import { attachmentChip } from './attachment-chip.ts';
import { leadOf } from './code-lead.ts';
import { ChatElement } from './element.ts';
import { iconButton } from '../shared/icon.ts';

/** Distance that still counts as the end. Pixels. */
const nearEnd = 24;

/**
 * The messages. The list follows the answer while it is scrolled to the end, and stops when the user scrolls up.
 *
 * @property messages - oldest first
 * @property conversationId - another one starts at its end
 * @property restricted - whether no file may be changed
 */
export class MessageList extends ChatElement {
  static override readonly properties = {
    messages: { attribute: false },
    conversationId: { attribute: false },
    restricted: { attribute: false },
    following: { state: true },
  };
  declare messages: readonly MessageView[];
  declare conversationId: string;
  declare restricted: boolean;
  declare following: boolean;

  constructor() {
    super();
    this.messages = [];
    this.conversationId = '';
    this.restricted = false;
    this.following = true;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('messages');
    const asked = before !== undefined && before.length < this.messages.length;
    // A question of the user is always shown.
    if (changed.has('conversationId') || asked) this.following = true;
  }

  protected override render(): TemplateResult {
    const last = this.messages.length - 1;
    return html`
      <div
        class="log"
        role="log"
        aria-live="polite"
        aria-label=${t('Chat')}
        tabindex="0"
        data-testid="log"
        @scroll=${() => this.#onScroll()}
        @click=${(event: MouseEvent) => this.#onClick(event)}
      >
        ${repeat(
          this.messages,
          ({ id }) => id,
          (message, index) =>
            message.role === 'assistant'
              ? html`<paddock-answer
                  .message=${message}
                  .last=${index === last}
                  .restricted=${this.restricted}
                ></paddock-answer>`
              : this.#question(message),
        )}
      </div>
      ${
        this.following
          ? nothing
          : html`<div class="to-end">
              ${iconButton({ icon: 'arrow-down', label: t('Scroll to End'), onClick: () => this.#follow() })}
            </div>`
      }
    `;
  }

  protected override updated(): void {
    if (this.following) this.#toEnd();
  }

  /** Answers grow after this element has rendered: Markdown is an element of its own. */
  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
    void this.updateComplete.then(() => {
      const log = this.#log;
      if (log !== undefined) for (const child of log.children) this.#resize.observe(child);
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
  }

  readonly #resize = new ResizeObserver(() => {
    const last = this.#log?.lastElementChild;
    if (last) this.#resize.observe(last);
    if (this.following) this.#toEnd();
    else this.#onScroll();
  });

  #question({ text, attachments }: Extract<MessageView, { role: 'user' }>): TemplateResult {
    return html`<article class="question" data-testid="question">
      <h2 class="hidden">${t('You')}</h2>
      ${
        attachments.length > 0
          ? html`<ul class="chips" aria-label=${t('Attachments')}>
              ${attachments.map((attachment) => attachmentChip(attachment, this.host))}
            </ul>`
          : nothing
      }
      <div class="bubble">${text}</div>
    </article>`;
  }

  get #log(): HTMLElement | undefined {
    return this.querySelector<HTMLElement>('.log') ?? undefined;
  }

  #toEnd(): void {
    const log = this.#log;
    if (log === undefined) return;
    log.scrollTop = log.scrollHeight;
    const last = log.lastElementChild;
    if (last !== null) this.#resize.observe(last);
  }

  #follow(): void {
    this.following = true;
    this.#toEnd();
    this.#log?.focus();
  }

  #onScroll(): void {
    const log = this.#log;
    if (log === undefined) return;
    this.following = log.scrollHeight - log.scrollTop - log.clientHeight <= nearEnd;
  }

  /** Links and the buttons of code blocks: they are part of sanitised text, not of templates. */
  #onClick(event: MouseEvent): void {
    if (!(event.target instanceof Element)) return;
    // Unfolded thoughts of a finished answer are read from the beginning; streaming ones are followed at the end.
    if (event.target.closest('summary') !== null && event.target.closest('.live') === null) this.following = false;
    const link = event.target.closest('a[href]');
    if (link !== null) {
      event.preventDefault();
      this.host.openLink(link.getAttribute('href') ?? '');
      return;
    }
    const button = event.target.closest<HTMLElement>('button[data-action]');
    if (button !== null) void this.#useCode(button);
  }

  async #useCode(button: HTMLElement): Promise<void> {
    const action = codeActions.find((known) => known === button.dataset['action']);
    const block = button.closest<HTMLElement>('.code-block');
    if (block === null || action === undefined) return;
    const code = block.querySelector('pre')?.textContent ?? '';
    const language = block.dataset['language'] ?? '';
    const origin = action === 'apply' ? this.#originOf(block) : undefined;
    const done = await this.host.useCode({ action, code, language, ...(origin === undefined ? {} : { origin }) });
    const symbol = button.querySelector('.codicon');
    if (!done || action !== 'copy' || symbol === null) return;
    symbol.classList.replace('codicon-copy', 'codicon-check');
    button.setAttribute('aria-label', t('Copied'));
    setTimeout(() => {
      symbol.classList.replace('codicon-check', 'codicon-copy');
      button.setAttribute('aria-label', t('Copy'));
    }, 1500);
  }

  #originOf(block: HTMLElement): CodeOrigin | undefined {
    const answer = block.closest<AnswerMessage>('paddock-answer');
    if (answer === null) return undefined;
    return { messageId: answer.message.id, info: block.dataset['info'] ?? '', lead: leadOf(block) };
  }
}

customElements.define('paddock-messages', MessageList);
