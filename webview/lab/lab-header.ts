import { html, nothing, type TemplateResult } from 'lit';
import { formatDuration } from '../../extension/protocol/format.ts';
import type { LabErrorView, LabRunView, LabViewState } from '../../extension/protocol/lab-view.ts';
import { icon } from '../shared/icon.ts';
import { t } from '../shared/l10n.ts';
import { LabElement } from './element.ts';
import { nextOf, type Next } from './next.ts';
import { problemText, stepPurpose, stepTitle } from './texts.ts';

/**
 * Always visible: the project's name, the button for the next action, and the progress.
 *
 * @property state - what the page shows
 */
export class LabHeader extends LabElement {
  static override readonly properties = { state: { attribute: false } };
  declare state: LabViewState;

  protected override render(): TemplateResult | typeof nothing {
    const { lab, run, error } = this.state;
    if (lab === undefined) return nothing;
    const next = nextOf(this.state);
    return html`<header class="top">
      <div class="bar">
        <h1 class="hidden">${t('Lab: {0}', lab.project.title)}</h1>
        <input
          class="title"
          data-testid="title"
          aria-label=${t('Name of the project')}
          .value=${lab.project.title}
          ?disabled=${run !== undefined}
          @change=${(event: Event) => this.#rename(event.target as HTMLInputElement)}
        />
        ${next === undefined ? nothing : this.#button(next)}
      </div>
      ${run === undefined ? (error === undefined ? nextLine(next) : this.#failure(error)) : progressOf(run)}
    </header>`;
  }

  #button(next: Next): TemplateResult {
    const blocked = (next.kind === 'stop' && next.stopping) || ('problem' in next && next.problem !== undefined);
    return html`<button
      type="button"
      class=${next.kind === 'stop' ? 'button secondary primary' : 'button primary'}
      data-testid="next"
      aria-describedby="next-line"
      ?disabled=${blocked}
      @click=${() => this.#press(next)}
    >
      ${icon(buttonIcon(next))} ${buttonText(next)}
    </button>`;
  }

  #press(next: Next): void {
    switch (next.kind) {
      case 'stop':
        return this.host.stop();
      case 'start':
      case 'continue':
        return this.host.start();
      case 'use':
      case 'openChat':
        return this.host.use();
    }
  }

  #failure({ message, step }: LabErrorView): TemplateResult {
    return html`<div class="failure" role="alert" data-testid="error">
      ${icon('error')}
      <span>${step === undefined ? message : `${stepTitle(step)}: ${message}`}</span>
      <button type="button" class="link" @click=${() => this.host.run('showLog')}>${t('Show Log')}</button>
    </div>`;
  }

  /** An empty name is refused: the previous one is restored. */
  #rename(input: HTMLInputElement): void {
    if (input.value.trim() === '') input.value = this.state.lab?.project.title ?? '';
    else this.host.edit({ field: 'title', text: input.value });
  }
}

customElements.define('paddock-lab-header', LabHeader);

function buttonText(next: Next): string {
  switch (next.kind) {
    case 'stop':
      return next.stopping ? t('Stopping…') : t('Stop');
    case 'start':
      return t('Start');
    case 'continue':
      return t('Continue');
    case 'use':
      return t('Use in Chat');
    case 'openChat':
      return t('Open Chat');
  }
}

function buttonIcon({ kind }: Next): string {
  switch (kind) {
    case 'stop':
      return 'debug-stop';
    case 'start':
    case 'continue':
      return 'play';
    case 'use':
    case 'openChat':
      return 'comment-discussion';
  }
}

function nextLine(next: Next | undefined): TemplateResult {
  return html`<p class="line" id="next-line" data-testid="next-line">${nextText(next)}</p>`;
}

function nextText(next: Next | undefined): TemplateResult | string {
  switch (next?.kind) {
    case 'start':
    case 'continue':
      return next.problem === undefined
        ? t('Next: {0}.', stepPurpose(next.step))
        : html`${icon('info')} <span>${problemText(next.problem)}</span>`;
    case 'use':
      return t('The new model is ready.');
    case 'openChat':
      return t('The new model answers in the chat.');
    default:
      return '';
  }
}

/** Progress of the step. Not a live region: a screen reader would read out every change. */
function progressOf({ progress, paused, stopping }: LabRunView): TemplateResult {
  const rest = progress?.remainingSeconds === undefined ? '' : t('{0} left', formatDuration(progress.remainingSeconds));
  const words = stopping
    ? t('Stopping…')
    : paused
      ? t('Waiting while the chat answers')
      : progress === undefined
        ? t('Starting…')
        : `${stepTitle(progress.step)}: ${progress.words}`;
  return html`<div class="progress" aria-live="off" data-testid="progress">
    ${
      progress === undefined
        ? html`<progress aria-label=${words}></progress>`
        : html`<progress aria-label=${words} max="1" .value=${progress.fraction}></progress>`
    }
    <p class="line" id="next-line"><span>${words}</span><span class="rest">${rest}</span></p>
  </div>`;
}
