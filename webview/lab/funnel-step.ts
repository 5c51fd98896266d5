import { html, nothing, svg, type TemplateResult } from 'lit';
import type { LabCuration, LabSource } from '../../extension/protocol/lab.ts';
import type { LabViewState } from '../../extension/protocol/lab-view.ts';
import { icon } from '../shared/icon.ts';
import { formatNumber, t } from '../shared/l10n.ts';
import { LabElement } from './element.ts';
import './map-section.ts';
import { funnelText } from './texts.ts';

/**
 * What curating left of the data, step by step, and the sources it came from.
 *
 * @property state - what the page shows
 */
export class FunnelStep extends LabElement {
  static override readonly properties = { state: { attribute: false } };
  declare state: LabViewState;

  protected override render(): TemplateResult | typeof nothing {
    const curation = this.state.lab?.curation;
    if (curation === undefined) return nothing;
    return html`${funnel(curation)} ${curation.sources.length > 0 ? this.#sources(curation.sources) : nothing}
      <paddock-map-section .state=${this.state}></paddock-map-section>
      ${
        this.#isOutdated
          ? html`<p class="note" role="status" data-testid="funnel-outdated">
              ${icon('history')}
              <span>${t('The input of this step has changed. The next run repeats it and the steps after it.')}</span>
            </p>`
          : nothing
      }`;
  }

  get #isOutdated(): boolean {
    return this.state.lab?.steps.some(({ name, status }) => name === 'curate' && status === 'outdated') === true;
  }

  #sources(sources: readonly LabSource[]): TemplateResult {
    return html`<div class="scroll" role="region" aria-label=${t('Sources')} tabindex="0">
        <table class="sources" data-testid="sources">
          <thead>
            <tr>
              <th scope="col">${t('Drop')}</th>
              <th scope="col">${t('Source')}</th>
              <th scope="col">${t('Records')}</th>
              <th scope="col">${t('Median words')}</th>
              <th scope="col">${t('Short')}</th>
              <th scope="col">${t('Different')}</th>
            </tr>
          </thead>
          <tbody>
            ${sources.map((source) => this.#source(source))}
          </tbody>
        </table>
      </div>
      <p class="hint">${t('Short: answers of at most three words. Different: distinct answers among all.')}</p>`;
  }

  #source(source: LabSource): TemplateResult {
    const { source: name, records, medianAnswerWords, shortShare, uniqueRatio, recommendDrop } = source;
    const byRule = recommendDrop && this.state.lab?.project.curate.dropRecommended === true;
    return html`<tr>
      <td>
        <input
          type="checkbox"
          data-testid="drop-source"
          aria-label=${t('Drop {0}', name)}
          title=${byRule ? t('Dropped with all recommended sources') : t('Drop {0}', name)}
          .checked=${this.#drops(source)}
          ?disabled=${byRule || this.state.run !== undefined}
          @change=${(event: Event) =>
            this.host.edit({ field: 'dropSource', text: name, on: (event.target as HTMLInputElement).checked })}
        />
      </td>
      <th scope="row">
        ${name}
        ${recommendDrop ? html`<span class="badge">${icon('lightbulb')} ${t('drop recommended')}</span>` : nothing}
      </th>
      <td>${formatNumber(records)}</td>
      <td>${formatNumber(medianAnswerWords)}</td>
      <td>${t('{0} %', Math.round(100 * shortShare))}</td>
      <td>${t('{0} %', Math.round(100 * uniqueRatio))}</td>
    </tr>`;
  }

  /** From the current project; `dropped` is from the last run. */
  #drops({ source, recommendDrop }: LabSource): boolean {
    const { dropSources = [], dropRecommended = false } = this.state.lab?.project.curate ?? {};
    return dropSources.includes(source) || (recommendDrop && dropRecommended);
  }
}

customElements.define('paddock-funnel-step', FunnelStep);

/** Steps that dropped nothing, unless there are too many to list. */
const mostNamed = 4;

/** Bars that get shorter; steps that took nothing share one line. */
function funnel({ records, train, valid, funnel: steps, redacted }: LabCuration): TemplateResult {
  const all = Math.max(1, records);
  const idle = steps.filter(({ step, dropped }) => step !== 'read' && dropped === 0);
  return html`<table class="funnel" data-testid="funnel">
      <caption class="hidden">
        ${t('Records left after each step')}
      </caption>
      <thead class="hidden">
        <tr>
          <th scope="col">${t('Step')}</th>
          <td></td>
          <th scope="col">${t('Left')}</th>
          <th scope="col">${t('Dropped')}</th>
        </tr>
      </thead>
      <tbody>
        ${steps
          .filter((step) => !idle.includes(step))
          .map(({ step, left, dropped }) => row(funnelText(step), left / all, 0, left, dropped))}
        ${row(t('For training'), train / all, valid / all, train, 0)}
      </tbody>
    </table>
    <p class="hint">
      ${valid > 0 ? t('{0} more are kept for validation.', formatNumber(valid)) : nothing}
      ${idle.length === steps.length - 1 ? t('Nothing was dropped.') : nothing}
      ${idle.length > 0 && idle.length <= mostNamed ? t('Nothing was dropped for: {0}.', idle.map(({ step }) => funnelText(step)).join(', ')) : nothing}
      ${redacted > 0 ? t('Secrets and personal data were replaced in {0} records.', formatNumber(redacted)) : nothing}
    </p>`;
}

function row(name: string, share: number, more: number, left: number, dropped: number): TemplateResult {
  return html`<tr>
    <th scope="row">${name}</th>
    <td class="share">
      <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
        ${svg`<rect class="value" width=${Math.max(0.4, 100 * share)} height="1" />`}
        ${more > 0 ? svg`<rect class="more" x=${100 * share} width=${100 * more} height="1" />` : nothing}
      </svg>
    </td>
    <td class="left">${formatNumber(left)}</td>
    <td class="dropped">${dropped > 0 ? `− ${formatNumber(dropped)}` : ''}</td>
  </tr>`;
}
