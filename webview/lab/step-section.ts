import { html, nothing, type TemplateResult } from 'lit';
import { formatDuration } from '../../extension/protocol/format.ts';
import { icon } from '../shared/icon.ts';
import type { ShownStep } from './next.ts';
import { statusIcon, statusText, stepPurpose, stepTitle } from './texts.ts';

/** One step of the timeline: icon, name, status and result. */
export function stepSection(step: ShownStep, body: TemplateResult | typeof nothing): TemplateResult {
  const { name, status, seconds } = step;
  const id = `step-${name}`;
  const time = seconds === undefined || seconds < 1 ? '' : ` · ${formatDuration(seconds)}`;
  // Data are there to be chosen even when no model is asked for more.
  const quiet = name === 'collect' && (status === 'off' || status === 'waiting');
  return html`<li class="step ${status}" data-testid=${id} data-status=${status}>
    <span class="sign">${icon(quiet ? 'database' : statusIcon(status), status === 'running')}</span>
    <section aria-labelledby=${id}>
      <header>
        <h2 id=${id}>${stepTitle(name)}</h2>
        <span class="status">${quiet ? '' : statusText(status) + time}</span>
      </header>
      ${body === nothing ? html`<p class="purpose">${sentence(stepPurpose(name))}</p>` : body}
    </section>
  </li>`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toLocaleUpperCase()}${text.slice(1)}.`;
}
