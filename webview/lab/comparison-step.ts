import { html, nothing, svg, type TemplateResult } from 'lit';
import type { LabAnswer, LabComparison } from '../../extension/protocol/lab.ts';
import type { LabViewState } from '../../extension/protocol/lab-view.ts';
import { icon } from '../shared/icon.ts';
import { formatNumber, t } from '../shared/l10n.ts';
import { LabElement } from './element.ts';
import './histogram.ts';
import { histogramTable } from './histogram.ts';

/**
 * The effect of training: on how many tasks, by how much, and sample answers.
 *
 * @property state - what the page shows
 */
export class ComparisonStep extends LabElement {
  static override readonly properties = { state: { attribute: false } };
  declare state: LabViewState;

  protected override render(): TemplateResult | typeof nothing {
    const lab = this.state.lab;
    const comparison = lab?.comparison;
    if (lab === undefined || comparison === undefined) return nothing;
    const { medians, means, metric, unit, answers } = comparison;
    return html`
      <p class="verdict" data-testid="verdict">${icon(verdictIcon(comparison))} <b>${verdict(comparison)}</b></p>
      ${score(comparison)}
      <p class="facts">
        <span
          >${unit === '' ? metric : `${unit} (${metric})`}: ${t('median')}
          <b>${number(medians[0])} → ${number(medians[1])}</b></span
        >
        <span>${t('mean')} <b>${number(means[0])} → ${number(means[1])}</b></span>
      </p>
      <figure>
        <paddock-histogram .comparison=${comparison}></paddock-histogram>
        <figcaption class="legend">
          <span class="key before">${t('before')}</span>
          <span class="key after">${t('after')}</span>
          <span>${t('tasks by {0}', unit === '' ? metric : unit)}</span>
        </figcaption>
      </figure>
      <details data-testid="histogram-table">
        <summary>${t('The numbers')}</summary>
        ${histogramTable(comparison)}
      </details>
      ${answers.length === 0 ? nothing : sampleAnswers(answers)}
      ${
        lab.report === undefined
          ? nothing
          : html`<div class="links">
              <button type="button" class="link" data-testid="report" @click=${() => this.host.run('openReport')}>
                ${icon('graph')} ${t('Open Report')}
              </button>
            </div>`
      }
    `;
  }
}

customElements.define('paddock-comparison-step', ComparisonStep);

/** Significance level: above it a result may be chance. */
const clear = 0.05;

function verdict({ wins, losses, p }: LabComparison): string {
  if (p >= clear || wins === losses) return t('No clear difference');
  return wins > losses ? t('Better than before') : t('Worse than before');
}

function verdictIcon({ wins, losses, p }: LabComparison): string {
  if (p >= clear || wins === losses) return 'dash';
  return wins > losses ? 'arrow-up' : 'arrow-down';
}

/** Wins, ties and losses as one bar, and the same in words. */
function score({ wins, ties, losses, tasks, p }: LabComparison): TemplateResult {
  const all = Math.max(1, wins + ties + losses);
  const parts: [string, number][] = [
    ['wins', wins],
    ['ties', ties],
    ['losses', losses],
  ];
  let left = 0;
  return html`<svg class="score" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
      ${parts.map(([name, count]) => {
        const width = (100 * count) / all;
        const rect = svg`<rect class=${name} x=${left} width=${width} height="1" />`;
        left += width;
        return count === 0 ? nothing : rect;
      })}
    </svg>
    <p data-testid="score">
      ${t(
        'Better on {0} of {1} tasks, equal on {2}, worse on {3}.',
        formatNumber(wins),
        formatNumber(tasks),
        formatNumber(ties),
        formatNumber(losses),
      )}
      <span class="muted">${t('Probability of such a result by chance: {0}.', probability(p))}</span>
    </p>`;
}

function probability(p: number): string {
  return p >= 0.001 ? p.toFixed(3).replace(/0+$/, '') : p === 0 ? '0' : p.toExponential(0);
}

function number(value: number): string {
  return value >= 100 ? formatNumber(value) : value.toPrecision(3);
}

/** What models write is untrusted: it is shown as text and nothing else. */
function sampleAnswers(answers: readonly LabAnswer[]): TemplateResult {
  return html`<h3>${t('Answers before and after')}</h3>
    <ul class="answers" data-testid="answers">
      ${answers.map(
        ({ question, before, after }, index) =>
          html`<li>
            <details class="answer" ?open=${index === 0}>
              <summary>${question}</summary>
              <div class="pair">
                <div>
                  <h4>${t('Before')}</h4>
                  <p class="text">${before}</p>
                </div>
                <div>
                  <h4>${t('After')}</h4>
                  <p class="text">${after}</p>
                </div>
              </div>
            </details>
          </li>`,
      )}
    </ul>`;
}
