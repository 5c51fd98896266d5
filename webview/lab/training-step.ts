import { html, nothing, type TemplateResult } from 'lit';
import type { LabTraining, LossPoint } from '../../extension/protocol/lab.ts';
import type { LabRunView, LabViewState } from '../../extension/protocol/lab-view.ts';
import { formatNumber, t } from '../shared/l10n.ts';
import { LabElement } from './element.ts';
import './loss-chart.ts';

/** Maximum rows of the table. The curve shows all points. */
const mostRows = 40;

/**
 * The curve of the loss, while the model learns and afterwards.
 *
 * @property state - what the page shows
 */
export class TrainingStep extends LabElement {
  static override readonly properties = { state: { attribute: false } };
  declare state: LabViewState;

  protected override render(): TemplateResult | typeof nothing {
    const { lab, run } = this.state;
    const training = lab?.training;
    if (training === undefined) return nothing;
    const { points } = training;
    const steps = training.steps ?? expectedSteps(points, run);
    return html`
      ${outcome(training)}
      <figure>
        <paddock-loss-chart .points=${points} .steps=${steps}></paddock-loss-chart>
        <figcaption class="legend">
          <span class="key curve">${t('training, smoothed')}</span>
          <span class="key dot">${t('validation')}</span>
          <span>${t('loss in nats per token; lower is better')}</span>
        </figcaption>
      </figure>
      <details data-testid="loss-table">
        <summary>${t('The numbers')}</summary>
        ${table(points)}
      </details>
    `;
  }
}

customElements.define('paddock-training-step', TrainingStep);

/** Total steps, estimated from the progress of the run; 0 = unknown. */
function expectedSteps(points: readonly LossPoint[], run: LabRunView | undefined): number {
  const { step, fraction = 0 } = run?.progress ?? {};
  return step === 'train' && fraction > 0.01 ? Math.round((points.at(-1)?.step ?? 0) / fraction) : 0;
}

function outcome({ points, stoppedEarly, samples, tokens, ...known }: LabTraining): TemplateResult {
  // An unfinished run has no summary yet.
  const looks = points.flatMap(({ validLoss }) => (validLoss === undefined ? [] : [validLoss]));
  const first = known.firstValidLoss ?? looks[0];
  const best = known.validLoss ?? (looks.length === 0 ? undefined : Math.min(...looks));
  const facts = [
    ...(samples === undefined ? [] : [t('{0} samples', formatNumber(samples))]),
    ...(tokens === undefined ? [] : [t('{0} tokens', formatNumber(tokens))]),
  ].join(' · ');
  return html`<p class="facts">
    ${
      first === undefined || best === undefined
        ? nothing
        : html`<b data-testid="valid-loss"
            >${
              first === best
                ? t('Validation loss {0}', first.toFixed(3))
                : t('Validation loss {0} → {1}', first.toFixed(3), best.toFixed(3))
            }</b
          >`
    }
    ${facts === '' ? nothing : html`<span>${facts}</span>`}
    ${stoppedEarly ? html`<span>${t('Stopped early: the validation loss no longer fell.')}</span>` : nothing}
  </p>`;
}

/** All validations, and as many steps as fit. */
function table(points: readonly LossPoint[]): TemplateResult {
  const every = Math.max(1, Math.ceil(points.length / mostRows));
  const rows = points.filter(({ validLoss }, index) => validLoss !== undefined || index % every === 0);
  return html`<table class="numbers">
    <thead>
      <tr>
        <th scope="col">${t('Step')}</th>
        <th scope="col">${t('Training loss')}</th>
        <th scope="col">${t('Validation loss')}</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ({ step, loss, validLoss }) =>
          html`<tr>
            <th scope="row">${formatNumber(step)}</th>
            <td>${loss?.toFixed(3) ?? ''}</td>
            <td>${validLoss?.toFixed(3) ?? ''}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}
