import { html, nothing, svg, type PropertyValues, type TemplateResult } from 'lit';
import { longestQuestion, type ChatState, type ContextView } from '../../extension/protocol/webview.ts';
import { formatNumber, t } from '../shared/l10n.ts';
import { attachmentChip } from './attachment-chip.ts';
import { ChatElement } from './element.ts';
import { icon, iconButton } from '../shared/icon.ts';
import { modelTitle } from '../../extension/protocol/model-texts.ts';
import { splitSize } from './model-title.ts';

/**
 * Where the user writes: Enter sends, Shift+Enter makes a line, Escape stops, Up in an empty composer brings back
 * the last question.
 *
 * @property state - the chat
 * @property answering - whether an answer is being made
 * @property blocked - why nothing can be sent yet; empty when it can
 */
export class Composer extends ChatElement {
  static override readonly properties = {
    state: { attribute: false },
    answering: { attribute: false },
    blocked: { attribute: false },
    text: { state: true },
    hint: { state: true },
  };
  declare state: ChatState;
  declare answering: boolean;
  declare blocked: string;
  declare text: string;
  declare hint: string;

  constructor() {
    super();
    this.blocked = '';
    this.text = this.host.draft;
    this.hint = '';
  }

  focusInput(): void {
    this.#input?.focus();
  }

  /** Restores the last question into an empty composer, for editing. */
  editLastQuestion(): void {
    const last = this.state.messages.findLast(({ role }) => role === 'user');
    if (last !== undefined && this.text.trim() === '') this.#setText(last.text);
    this.focusInput();
  }

  protected override render(): TemplateResult {
    const { attachments, context } = this.state;
    return html`
      <form class="composer" @submit=${(event: Event) => this.#onSubmit(event)}>
        ${
          attachments.length > 0
            ? html`<ul class="chips" aria-label=${t('Attachments')}>
                ${attachments.map((attachment) =>
                  attachmentChip(attachment, this.host, () => {
                    this.host.detach(attachment.id);
                    this.focusInput();
                  }),
                )}
              </ul>`
            : nothing
        }
        <textarea
          rows="1"
          data-testid="input"
          aria-label=${t('Question. Enter sends, Shift+Enter makes a new line.')}
          placeholder=${this.state.messages.length > 0 ? t('Ask a follow-up question') : t('Ask about code')}
          .value=${this.text}
          @input=${(event: InputEvent) => this.#setText((event.target as HTMLTextAreaElement).value)}
          @keydown=${(event: KeyboardEvent) => this.#onKey(event)}
          @paste=${(event: ClipboardEvent) => this.#onPaste(event)}
        ></textarea>
        <div class="tools">
          ${iconButton({
            icon: 'attach',
            label: t('Attach Selection or Open File'),
            onClick: () => void this.#attach(),
            testId: 'attach',
          })}
          ${this.#modelButton()}
          <span class="spacer"></span>
          ${context === undefined ? nothing : contextMeter(context)} ${this.#sendButton()}
        </div>
      </form>
      <div class="hint" role="status">${this.hint}</div>
    `;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('text')) this.#fitHeight();
  }

  get #input(): HTMLTextAreaElement | null {
    return this.querySelector('textarea');
  }

  #sendButton(): TemplateResult {
    return this.answering
      ? iconButton({
          icon: 'debug-stop',
          label: t('Stop (Escape)'),
          testId: 'stop',
          onClick: () => {
            this.host.stop();
            this.focusInput();
          },
        })
      : html`<button
          type="submit"
          class="icon-button send"
          data-testid="send"
          title=${t('Send (Enter)')}
          aria-label=${t('Send (Enter)')}
          ?disabled=${this.text.trim() === ''}
        >
          ${icon('send')}
        </button>`;
  }

  #modelButton(): TemplateResult {
    const name = modelTitle(this.state.engine, this.state.models) ?? t('Choose model');
    const { before, size } = splitSize(name);
    return html`<button
      type="button"
      class="model-button"
      data-testid="model"
      title=${t('Choose Model')}
      aria-label=${t('Model: {0}', name)}
      @click=${() => this.host.run('chooseModel')}
    >
      <span class="model-title ${size === '' ? '' : 'sized'}"
        ><span class="model-name">${before}</span> <span class="model-size">${size}</span></span
      >${icon('chevron-down')}
    </button>`;
  }

  #setText(text: string): void {
    this.text = text;
    this.hint = '';
    this.host.draft = text;
  }

  #onSubmit(event: Event): void {
    event.preventDefault();
    void this.#send();
  }

  async #send(): Promise<void> {
    const { text } = this;
    if (text.trim() === '') return;
    if (this.blocked !== '') {
      this.hint = this.blocked;
      return;
    }
    if (this.answering) {
      this.hint = t('Paddock is still answering. Press Escape to stop it, or wait.');
      return;
    }
    if (text.length > longestQuestion) {
      this.hint = tooLong(text.length);
      return;
    }
    // The draft is deleted only after the question was accepted.
    this.text = '';
    const outcome = await this.host
      .send(text)
      .catch(() => ({ done: false, reason: t('The question was not sent. Try again.') }));
    if (outcome.done) {
      if (this.text === '') this.#setText('');
      return;
    }
    // Text that was typed meanwhile is kept.
    this.#setText(this.text === '' ? text : `${text}\n${this.text}`);
    this.hint = outcome.reason ?? '';
  }

  /** Refuses a paste that is longer than a question: laying it out would freeze the page for seconds. */
  #onPaste(event: ClipboardEvent): void {
    const pasted = event.clipboardData?.getData('text/plain') ?? '';
    const input = this.#input;
    const replaced = input === null ? 0 : input.selectionEnd - input.selectionStart;
    const length = this.text.length - replaced + pasted.length;
    if (length <= longestQuestion) return;
    event.preventDefault();
    this.hint = tooLong(length);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      void this.#send();
    } else if (event.key === 'ArrowUp' && this.text === '') {
      event.preventDefault();
      this.editLastQuestion();
    }
  }

  async #attach(): Promise<void> {
    const selection = await this.host.attach('selection');
    const outcome = selection.done || selection.reason !== undefined ? selection : await this.host.attach('file');
    this.hint = outcome.done
      ? ''
      : (outcome.reason ?? t('Open a file first. The file, or its selection, is attached.'));
    this.focusInput();
  }

  /** As high as its text, up to a limit that the style sheet sets. */
  #fitHeight(): void {
    const input = this.#input;
    if (input === null) return;
    // Measuring a text lays all of it out. A long one is as high as it may be anyway.
    if (this.text.length > longestMeasured) {
      input.style.height = '100vh';
      return;
    }
    input.style.height = 'auto';
    input.style.height = `${input.scrollHeight}px`;
  }
}

customElements.define('paddock-composer', Composer);

/** A text of this length is higher than the style sheet lets the input grow. */
const longestMeasured = 20_000;

function tooLong(length: number): string {
  return t(
    'This is too long to send: {0} characters, at most {1}. Save it as a file and attach the part that matters.',
    formatNumber(length),
    formatNumber(longestQuestion),
  );
}

/** How much of the context is used, as a ring; the numbers are in its label. */
function contextMeter({ used, total }: ContextView): TemplateResult {
  const label = t('{0} of {1} tokens of context used', formatNumber(used), formatNumber(total));
  const part = Math.min(1, used / Math.max(1, total));
  const length = 2 * Math.PI * 5;
  return html`<span
    class="meter ${part > 0.9 ? 'nearly-full' : ''}"
    role="meter"
    data-testid="context"
    aria-label=${label}
    aria-valuemin="0"
    aria-valuemax=${total}
    aria-valuenow=${used}
    title=${label}
  >
    <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
      ${svg`<circle class="track" cx="7" cy="7" r="5" /><circle class="value" cx="7" cy="7" r="5"
        stroke-dasharray="${part * length} ${length}" transform="rotate(-90 7 7)" />`}
    </svg>
    <span aria-hidden="true">${shortNumber(used)} / ${shortNumber(total)}</span>
  </span>`;
}

function shortNumber(value: number): string {
  return value < 1000 ? String(value) : `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)}k`;
}
