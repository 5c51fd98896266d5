import { html, nothing, type TemplateResult } from 'lit';
import type { LabChange, LabViewState } from '../../extension/protocol/lab-view.ts';
import { icon } from '../shared/icon.ts';
import { t } from '../shared/l10n.ts';
import { oncePerFrame, ViewStore } from '../shared/view-store.ts';
import './comparison-step.ts';
import './data-step.ts';
import { LabElement } from './element.ts';
import './funnel-step.ts';
import { applyChange } from './lab-change.ts';
import './lab-header.ts';
import { shownSteps } from './next.ts';
import { releaseBody } from './release-step.ts';
import { stepSection } from './step-section.ts';
import { statusText, stepTitle } from './texts.ts';
import './training-step.ts';

/**
 * The whole lab page: the next action on top, then the five steps in order. It owns the store; every other part gets
 * plain state.
 */
export class LabApp extends LabElement {
  readonly #store = new ViewStore<LabViewState, LabChange>({
    fetch: () => this.host.snapshot(),
    apply: applyChange,
    onChange: oncePerFrame(() => this.requestUpdate()),
  });
  /** Restores the scroll position from before the page was hidden. */
  #placed = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.host.listen((delta) => this.#store.apply(delta));
    window.addEventListener('scroll', this.#remember, { passive: true });
    void this.#store.refresh();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { state } = this.#store;
    if (state === undefined) return nothing;
    if (this.#store.outdated) {
      return html`<p class="outdated">${t('Paddock was updated. Reload the window to continue.')}</p>`;
    }
    if (!state.trusted) return this.#restricted();
    if (state.lab !== undefined) return this.#project(state);
    return state.folder === undefined || state.error !== undefined ? this.#nothingOpen(state) : opening(state.folder);
  }

  protected override updated(): void {
    // The parts of the page are there with the next frame.
    if (!this.#placed && this.#store.state?.lab !== undefined) requestAnimationFrame(() => this.#place());
    else this.#remember();
  }

  #place(): void {
    if (this.#placed) return;
    this.#placed = true;
    const place = this.host.remembered;
    if (place !== undefined && place.folder === this.#store.state?.folder) window.scrollTo(0, place.scroll);
    this.#remember();
  }

  readonly #remember = (): void => {
    const { state } = this.#store;
    if (state?.trusted !== true || (state.lab !== undefined && !this.#placed)) return;
    const { folder } = state;
    // The first scroll event after creation is not the user's.
    const scroll = this.#placed ? window.scrollY : (this.host.remembered?.scroll ?? 0);
    this.host.remember(folder === undefined ? undefined : { folder, scroll });
  };

  #project(state: LabViewState): TemplateResult {
    const { lab } = state;
    return html`
      <paddock-lab-header .state=${state}></paddock-lab-header>
      <main>
        <ol class="steps">
          ${shownSteps(state).map((step) => stepSection(step, this.#body(step.name, state)))}
        </ol>
        <footer class="folder">
          ${icon('folder')}<span title=${lab?.folder ?? ''}>${lab?.folder}</span>
          <button type="button" class="link" @click=${() => this.host.run('revealFolder')}>${t('Show Folder')}</button>
          <button type="button" class="link" @click=${() => this.host.run('openProject')}>
            ${t('Open Another Project')}
          </button>
        </footer>
      </main>
      <p class="hidden" role="status" data-testid="announcement">${announcement(state)}</p>
    `;
  }

  #body(step: string, state: LabViewState): TemplateResult | typeof nothing {
    const { lab } = state;
    switch (step) {
      case 'collect':
        return html`<paddock-data-step .state=${state}></paddock-data-step>`;
      case 'curate':
        return lab?.curation === undefined
          ? nothing
          : html`<paddock-funnel-step .state=${state}></paddock-funnel-step>`;
      case 'train':
        return lab?.training === undefined || lab.training.points.length === 0
          ? nothing
          : html`<paddock-training-step .state=${state}></paddock-training-step>`;
      case 'release':
        return lab?.release === undefined ? nothing : releaseBody(state, lab.release, this.host);
      default:
        return lab?.comparison === undefined
          ? nothing
          : html`<paddock-comparison-step .state=${state}></paddock-comparison-step>`;
    }
  }

  #nothingOpen({ error, folder }: LabViewState): TemplateResult {
    const notFound = error?.code === 'notFound' && folder !== undefined;
    return html`<main class="welcome" data-testid="welcome">
      ${icon('beaker')}
      <h1>${notFound ? t('There is no lab project in this folder') : t('Train your own model')}</h1>
      ${
        error === undefined
          ? html`<p>
              ${t('From questions and answers to a model that answers in the chat: on this computer, step by step.')}
            </p>`
          : html`<p role="alert">${notFound ? folder : error.message}</p>`
      }
      <div class="actions">
        <button type="button" class="button" data-testid="make" @click=${() => this.host.run('makeProject')}>
          ${notFound ? t('Create Project Here') : t('New Lab Project')}
        </button>
        ${
          error === undefined || notFound
            ? nothing
            : html`<button type="button" class="button secondary" @click=${() => this.host.run('reload')}>
                ${t('Try Again')}
              </button>`
        }
        <button type="button" class="button secondary" @click=${() => this.host.run('openProject')}>
          ${t('Open Lab')}
        </button>
      </div>
    </main>`;
  }

  #restricted(): TemplateResult {
    return html`<main class="welcome" data-testid="restricted">
      ${icon('shield')}
      <h1>${t('The lab does not run in Restricted Mode')}</h1>
      <p>${t('A project reads and writes files. Trust this workspace to use it.')}</p>
      <div class="actions">
        <button type="button" class="button" @click=${() => this.host.run('manageTrust')}>
          ${t('Manage Workspace Trust')}
        </button>
      </div>
    </main>`;
  }
}

function opening(folder: string): TemplateResult {
  return html`<main class="welcome">
    ${icon('loading', true)}
    <p role="status">${t('Opening {0}…', folder)}</p>
  </main>`;
}

/** For screen readers: the running step or the outcome, without progress. */
function announcement(state: LabViewState): string {
  const { run, error } = state;
  if (run?.stopping === true) return t('Stopping…');
  if (run?.paused === true) return t('Waiting while the chat answers');
  const step = run?.progress?.step;
  if (step !== undefined) return `${stepTitle(step)}: ${statusText('running')}`;
  if (run !== undefined || error !== undefined) return '';
  const steps = shownSteps(state).filter(({ status }) => status !== 'off');
  if (steps.every(({ status }) => status === 'done')) return t('All steps are done.');
  const stopped = steps.find(({ status }) => status === 'begun');
  return stopped === undefined ? '' : `${stepTitle(stopped.name)}: ${statusText('begun')}`;
}
