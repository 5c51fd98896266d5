import { html, nothing, type TemplateResult } from 'lit';
import type { AttachmentView } from '../../extension/protocol/webview.ts';
import { formatNumber, t } from '../shared/l10n.ts';
import type { HostClient } from './host-client.ts';
import { icon, iconButton } from '../shared/icon.ts';

/** A file or selection that goes, or went, with a question. With `onRemove` it can be taken away. */
export function attachmentChip(
  { id, kind, label, path, tokens }: AttachmentView,
  host: HostClient,
  onRemove?: () => void,
): TemplateResult {
  const cost = tokens === undefined ? '' : t(' · {0} tokens', formatNumber(tokens));
  return html`<li class="chip" data-testid="chip">
    <button type="button" class="chip-label" title="${path}${cost}" @click=${() => host.reveal(id)}>
      ${icon(kind === 'file' ? 'file' : 'list-selection')}<span>${label}</span>
    </button>
    ${
      onRemove === undefined ? nothing : iconButton({ icon: 'close', label: t('Remove {0}', label), onClick: onRemove })
    }
  </li>`;
}
