import { html, nothing, type TemplateResult } from 'lit';
import type { DataMap } from '../../extension/protocol/data-map.ts';
import type { LabViewState } from '../../extension/protocol/lab-view.ts';
import type { ChooseEvent } from '../map/data-map.ts';
import { icon } from '../shared/icon.ts';
import { formatNumber, t } from '../shared/l10n.ts';
import { LabElement } from './element.ts';

/**
 * The map of the data, read when it is first looked at. Records that are chosen on it are dropped by the next run.
 *
 * @property state - what the page shows
 */
export class MapSection extends LabElement {
  static override readonly properties = {
    state: { attribute: false },
    map: { state: true },
  };
  declare state: LabViewState;
  /** Null: it cannot be read. */
  declare map: DataMap | null | undefined;
  /** Of which file `map` is. */
  #path: string | undefined;
  #isOpen = false;

  protected override willUpdate(): void {
    if (this.#isOpen) this.#load();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { lab, run } = this.state;
    const dropped = lab?.project.curate.dropIds ?? [];
    return html`${
      lab?.curation?.map === undefined
        ? nothing
        : html`<details class="map" data-testid="map" @toggle=${(event: Event) => this.#onToggle(event)}>
            <summary>${t('Map of the data')}</summary>
            ${this.map === null ? html`<p class="hint">${t('The map cannot be read.')}</p>` : nothing}
            <paddock-data-map
              .data=${this.map ?? undefined}
              .action=${t('Drop These Records')}
              @choose=${(event: ChooseEvent) => this.#drop(event.detail.ids)}
            ></paddock-data-map>
          </details>`
    }
    ${
      dropped.length === 0
        ? nothing
        : html`<p class="note" data-testid="dropped-ids">
            ${icon('trash')}
            <span>${t('You dropped {0} records.', formatNumber(dropped.length))}</span>
            <button
              type="button"
              class="link"
              ?disabled=${run !== undefined}
              @click=${() => this.host.edit({ field: 'dropIds', ids: [] })}
            >
              ${t('Restore Them')}
            </button>
          </p>`
    }`;
  }

  #onToggle(event: Event): void {
    this.#isOpen = (event.target as HTMLDetailsElement).open;
    if (this.#isOpen) this.#load();
  }

  /** Once for each file: another run of curating writes another. */
  #load(): void {
    const path = this.state.lab?.curation?.map;
    if (path === this.#path) return;
    this.#path = path;
    this.host.map().then(
      (map) => path === this.#path && (this.map = map),
      () => (this.map = null),
    );
  }

  #drop(ids: readonly string[]): void {
    const { lab, run } = this.state;
    if (lab === undefined || run !== undefined) return;
    this.host.edit({ field: 'dropIds', ids: [...new Set([...lab.project.curate.dropIds, ...ids])] });
  }
}

customElements.define('paddock-map-section', MapSection);
