import { html, nothing, type TemplateResult } from 'lit';

/** A codicon. Its button carries the label. */
export function icon(name: string, spin = false): TemplateResult {
  return html`<span class="codicon codicon-${name} ${spin ? 'codicon-modifier-spin' : ''}" aria-hidden="true"></span>`;
}

export interface IconButton {
  readonly icon: string;
  readonly label: string;
  readonly onClick: () => void;
  readonly disabled?: boolean;
  readonly testId?: string;
}

export function iconButton({ icon: name, label, onClick, disabled, testId }: IconButton): TemplateResult {
  return html`<button
    type="button"
    class="icon-button"
    title=${label}
    aria-label=${label}
    data-testid=${testId ?? nothing}
    ?disabled=${disabled ?? false}
    @click=${onClick}
  >
    ${icon(name)}
  </button>`;
}
