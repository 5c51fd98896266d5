import { html, nothing, type TemplateResult } from 'lit';
import { formatBytes } from '../../extension/protocol/format.ts';
import type { LabRelease } from '../../extension/protocol/lab.ts';
import type { LabViewState } from '../../extension/protocol/lab-view.ts';
import { icon } from '../shared/icon.ts';
import { t } from '../shared/l10n.ts';
import { nameOf } from './fields.ts';
import type { LabHost } from './lab-host.ts';
import { nextOf } from './next.ts';

/** The finished file and its actions. */
export function releaseBody(
  state: LabViewState,
  { path, bytes, quantization }: LabRelease,
  host: LabHost,
): TemplateResult {
  const kind = nextOf(state)?.kind;
  const primary = kind === 'use' || kind === 'openChat';
  return html`<p class="facts" data-testid="release">
      <b title=${path}>${icon('package')} ${nameOf(path)}</b>
      <span>${quantization}</span>
      <span>${formatBytes(bytes)}</span>
    </p>
    <div class="links">
      ${
        primary
          ? nothing
          : html`<button type="button" class="link" data-testid="use" @click=${() => host.use()}>
              ${state.inUse ? t('Open Chat') : t('Use in Chat')}
            </button>`
      }
      <button type="button" class="link" @click=${() => host.run('revealModel')}>${t('Show File')}</button>
    </div>`;
}
