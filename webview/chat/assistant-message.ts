import { html, nothing, type TemplateResult } from 'lit';
import { formatDuration } from '../../extension/protocol/format.ts';
import type { Omission } from '../../extension/protocol/server.ts';
import { splitThoughts, type SplitAnswer } from '../../extension/protocol/thoughts.ts';
import type { AssistantMessage, ErrorAction, ErrorView, OtherWork } from '../../extension/protocol/webview.ts';
import { formatNumber, t } from '../shared/l10n.ts';
import '../shared/markdown-view.ts';
import { ChatElement } from './element.ts';
import { icon, iconButton } from '../shared/icon.ts';

/**
 * One answer: its progress, what the model thought before it, its text, how it ended, and what can be done with it.
 *
 * @property message - the answer
 * @property last - whether it is the last message, which alone can be made again
 * @property restricted - whether no file may be changed
 */
export class AnswerMessage extends ChatElement {
  static override readonly properties = {
    message: { attribute: false },
    last: { attribute: false },
    restricted: { attribute: false },
    unfolded: { state: true },
  };
  declare message: AssistantMessage;
  declare last: boolean;
  declare restricted: boolean;
  /** Whether the thoughts are open: while they are not, nothing is rendered into them. */
  declare unfolded: boolean;

  constructor() {
    super();
    this.restricted = false;
    this.unfolded = false;
  }

  protected override render(): TemplateResult {
    const { message } = this;
    const live = message.status === 'waiting' || message.status === 'streaming';
    const { answer, ...thinking } = splitThoughts(message.text);
    return html`<article
      class="answer ${live ? 'live' : ''}"
      aria-busy=${live}
      data-testid="answer"
      data-status=${message.status}
    >
      <h2 class="hidden">Paddock</h2>
      ${message.status === 'waiting' ? progress(message) : nothing} ${this.#thoughts(thinking, live)}
      ${answer === '' ? nothing : this.#markdown(answer, live)} ${pauseNote(message)}
      ${message.error === undefined ? nothing : this.#error(message.error)} ${this.#note()}
      ${message.omitted.length > 0 ? omittedNote(message.omitted) : nothing} ${live ? nothing : this.#footer(answer)}
    </article>`;
  }

  /** The model's thoughts, folded: they may be longer than the answer, and few users read them. */
  #thoughts({ thoughts, thinking }: Omit<SplitAnswer, 'answer'>, live: boolean): TemplateResult | typeof nothing {
    const now = live && thinking;
    if (thoughts === undefined || (thoughts === '' && !now)) return nothing;
    // Not a live region: a screen reader would read out every token.
    return html`<details
      class="thoughts"
      aria-live="off"
      data-testid="thoughts"
      @toggle=${(event: ToggleEvent) => (this.unfolded = event.newState === 'open')}
    >
      <summary>${now ? t('Thinking…') : t('Thoughts')}</summary>
      ${this.unfolded ? this.#markdown(thoughts, now) : nothing}
    </details>`;
  }

  #markdown(text: string, streaming: boolean): TemplateResult {
    return html`<paddock-markdown
      .text=${text}
      .streaming=${streaming}
      .restricted=${this.restricted}
    ></paddock-markdown>`;
  }

  #error({ message, actions }: ErrorView): TemplateResult {
    const shown = actions.filter((action) => action !== 'retry' || this.last);
    return html`<div class="error" role="alert" data-testid="error">
      ${icon('error')}
      <div>
        <p>${message}</p>
        <div class="actions">
          ${shown.map(
            (action, index) =>
              html`<button
                type="button"
                class=${index === 0 ? 'button' : 'button secondary'}
                @click=${() => this.#run(action)}
              >
                ${actionLabel(action)}
              </button>`,
          )}
        </div>
      </div>
    </div>`;
  }

  #run(action: ErrorAction): void {
    if (action === 'retry') this.host.retry();
    else if (action === 'editQuestion') this.dispatchEvent(new CustomEvent('editquestion', { bubbles: true }));
    else this.host.run(action);
  }

  /** Says how an answer ended that is not complete. */
  #note(): TemplateResult | typeof nothing {
    const { status, timings } = this.message;
    switch (status) {
      case 'cancelled':
        return note('debug-stop', t('Stopped.'));
      case 'interrupted':
        return note('debug-disconnect', t('This answer was interrupted.'));
      case 'length':
        return html`<div class="note">
          ${icon('ellipsis')}
          ${t('The answer reached its limit of {0} tokens.', formatNumber(timings?.completionTokens ?? 0))}
          ${
            this.last
              ? html`<button type="button" class="link" @click=${() => this.host.run('continue')}>
                  ${t('Continue')}
                </button>`
              : nothing
          }
        </div>`;
      default:
        return nothing;
    }
  }

  #footer(answer: string): TemplateResult {
    const { timings, error } = this.message;
    const offersRetry = error?.actions.includes('retry') === true;
    return html`<footer class=${this.last ? 'shown' : ''}>
      ${
        answer === ''
          ? nothing
          : iconButton({
              icon: 'copy',
              label: t('Copy Answer'),
              onClick: () => void this.host.useCode({ action: 'copy', code: answer, language: 'markdown' }),
            })
      }
      ${
        this.last && !offersRetry
          ? iconButton({ icon: 'refresh', label: t('Answer Again'), onClick: () => this.host.retry(), testId: 'retry' })
          : nothing
      }
      ${
        timings === undefined || timings.completionTokens === 0
          ? nothing
          : html`<span class="timings" data-testid="timings" title=${timingsDetail(timings)}
              >${t('{0} tokens/s', timings.decodeTokensPerSecond.toFixed(1))}</span
            >`
      }
    </footer>`;
  }
}

customElements.define('paddock-answer', AnswerMessage);

/** Prefill is the longest wait on a CPU: shows its progress and remaining time. */
function progress({ prefill, waitingFor }: AssistantMessage): TemplateResult {
  const text =
    prefill === undefined || prefill.total === 0
      ? waitingText(waitingFor)
      : prefill.remainingSeconds === undefined
        ? t('Reading {0} tokens…', formatNumber(prefill.total))
        : t('Reading {0} tokens, {1} left', formatNumber(prefill.total), formatDuration(prefill.remainingSeconds));
  const bar =
    prefill === undefined
      ? html`<progress aria-label=${text}></progress>`
      : html`<progress aria-label=${text} max=${Math.max(1, prefill.total)} .value=${prefill.done}></progress>`;
  // Not a live region: a screen reader would read out every change.
  return html`<div class="prefill" data-testid="prefill" aria-live="off"><span>${text}</span>${bar}</div>`;
}

function waitingText(waitingFor: OtherWork | undefined): string {
  switch (waitingFor) {
    case undefined:
      return t('Thinking…');
    case 'edit':
      return t('Waiting for the edit to finish…');
    case 'commitMessage':
      return t('Waiting for the commit message…');
  }
}

/** An answer that has begun stands still meanwhile. */
function pauseNote({ status, waitingFor }: AssistantMessage): TemplateResult | typeof nothing {
  return status === 'streaming' && waitingFor !== undefined ? note('debug-pause', waitingText(waitingFor)) : nothing;
}

function omittedNote(omitted: readonly Omission[]): TemplateResult {
  return note('info', omitted.map(omissionText).join(' '));
}

function omissionText({ kind, what }: Omission): string {
  if (kind !== 'messages') return t('{0} was left out or cut because it did not fit.', what);
  const count = Number.parseInt(what, 10);
  if (Number.isNaN(count)) return t('{0} were left out because they did not fit.', what);
  return count === 1
    ? t('1 earlier message was left out because it did not fit.')
    : t('{0} earlier messages were left out because they did not fit.', formatNumber(count));
}

function note(symbol: string, text: string): TemplateResult {
  return html`<div class="note">${icon(symbol)} <span>${text}</span></div>`;
}

function timingsDetail(timings: NonNullable<AssistantMessage['timings']>): string {
  return [
    t('{0} tokens written in {1}', formatNumber(timings.completionTokens), formatDuration(timings.decodeMs / 1000)),
    t(
      '{0} tokens read in {1}',
      formatNumber(timings.promptTokens - timings.cachedTokens),
      formatDuration(timings.prefillMs / 1000),
    ),
    ...(timings.cachedTokens > 0 ? [t('{0} tokens from the cache', formatNumber(timings.cachedTokens))] : []),
  ].join('\n');
}

export function actionLabel(action: ErrorAction): string {
  switch (action) {
    case 'retry':
      return t('Try Again');
    case 'editQuestion':
      return t('Shorten the Question');
    case 'newChat':
      return t('New Chat');
    case 'chooseModel':
      return t('Choose Model');
    case 'addModel':
      return t('Use a GGUF File');
    case 'restartEngine':
      return t('Restart Engine');
    case 'showLog':
      return t('Show Log');
    case 'openSettings':
      return t('Open Settings');
    case 'continue':
      return t('Continue');
  }
}
