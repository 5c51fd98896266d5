/** The parts of the form. */
import { html, nothing, type TemplateResult } from 'lit';
import type { LabList } from '../../extension/protocol/lab-view.ts';
import { icon, iconButton } from '../shared/icon.ts';
import { t } from '../shared/l10n.ts';
import type { LabHost } from './lab-host.ts';

export interface Field {
  readonly id: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly problem?: string | undefined;
  readonly control: TemplateResult;
}

/** A row of the form: what it is, the control, and below it what to know or what is wrong. */
export function field({ id, label, hint, problem, control }: Field): TemplateResult {
  return html`<div class="field ${problem === undefined ? '' : 'wrong'}" data-testid="field-${id}">
    <label id="${id}-label" for=${id}>${label}</label>
    <div class="control">
      ${control}
      ${problem === undefined ? nothing : html`<p class="problem">${icon('warning')} <span>${problem}</span></p>`}
      ${hint === undefined ? nothing : html`<p class="hint">${hint}</p>`}
    </div>
  </div>`;
}

export interface Choice {
  readonly id: string;
  readonly title: string;
}

export function select(
  id: string,
  value: string,
  choices: readonly Choice[],
  onChange: (value: string) => void,
): TemplateResult {
  return html`<select
    id=${id}
    data-testid=${id}
    @change=${(event: Event) => onChange((event.target as HTMLSelectElement).value)}
  >
    ${choices.map(
      (choice) => html`<option value=${choice.id} .selected=${choice.id === value}>${choice.title}</option>`,
    )}
  </select>`;
}

export function checkbox(id: string, label: string, checked: boolean, onChange: (on: boolean) => void): TemplateResult {
  return html`<label class="check">
    <input
      type="checkbox"
      id=${id}
      data-testid=${id}
      .checked=${checked}
      @change=${(event: Event) => onChange((event.target as HTMLInputElement).checked)}
    />
    <span>${label}</span>
  </label>`;
}

export interface FileList {
  readonly list: LabList;
  readonly paths: readonly string[];
  /** Text of the button that adds. */
  readonly add: string;
}

/** Files or folders of the project, each with a button that takes it out. */
export function fileList({ list, paths, add }: FileList, host: LabHost): TemplateResult {
  return html`${
      paths.length === 0
        ? nothing
        : html`<ul class="files">
            ${paths.map(
              (path) =>
                html`<li>
                  ${icon(list === 'code' ? 'folder' : 'file')}
                  <span class="path" title=${path}><span>${folderOf(path)}</span><b>${nameOf(path)}</b></span>
                  ${iconButton({
                    icon: 'close',
                    label: t('Remove {0}', nameOf(path)),
                    onClick: () => host.edit({ field: 'remove', list, text: path }),
                  })}
                </li>`,
            )}
          </ul>`
    }
    <button type="button" class="button secondary" id=${list} data-testid="add-${list}" @click=${() => host.add(list)}>
      ${add}
    </button>`;
}

export function nameOf(path: string): string {
  return path.slice(folderOf(path).length);
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
