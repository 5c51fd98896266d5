import { html, nothing, type TemplateResult } from 'lit';
import { formatBytes } from '../../extension/protocol/format.ts';
import { downloadText, fitText } from '../../extension/protocol/model-texts.ts';
import type { ModelEntry } from '../../extension/protocol/server.ts';
import type { DownloadView, EngineView, ModelsView } from '../../extension/protocol/webview.ts';
import { t } from '../shared/l10n.ts';
import { ChatElement } from './element.ts';
import { icon } from '../shared/icon.ts';

/**
 * First use: no model is on this computer yet. What there is, what it costs and whether it fits, each with the
 * button that gets it.
 *
 * @property models - the catalogue and this computer's memory
 * @property engine - what the engine does
 */
export class ModelCards extends ChatElement {
  static override readonly properties = { models: { attribute: false }, engine: { attribute: false } };
  declare models: ModelsView;
  declare engine: EngineView;

  protected override render(): TemplateResult {
    const { entries, availableMemory, totalMemory } = this.models;
    const free = t('{0} of {1} memory are free.', formatBytes(availableMemory), formatBytes(totalMemory));
    return html`<section class="first-run" data-testid="first-run">
      <h1>${t('Choose a model')}</h1>
      <p>
        ${t('Paddock answers with a language model that runs on this computer. Get one once; then no network is needed.')}
        ${free}
      </p>
      <ul class="cards">
        ${entries.map((entry) => this.#card(entry))}
      </ul>
      <button type="button" class="link own-file" data-testid="add-model" @click=${() => this.host.run('addModel')}>
        ${icon('file-add')} ${t('Use a GGUF file I have…')}
      </button>
    </section>`;
  }

  #card(entry: ModelEntry): TemplateResult {
    const download = this.models.downloads.find(({ id }) => id === entry.id);
    return html`<li class="card ${entry.recommended ? 'recommended' : ''}" data-testid="card" data-model=${entry.id}>
      <h2>${entry.title} ${entry.recommended ? html`<span class="badge">${t('Recommended')}</span>` : nothing}</h2>
      <p>${entry.description}</p>
      <p class="facts">
        <span>${t('{0} to download', formatBytes(entry.fileBytes))}</span>
        <span class="fit ${entry.fit}">${icon(entry.fit === 'fits' ? 'check' : 'warning')} ${fitText(entry, t)}</span>
        <span>${entry.licence}</span>
      </p>
      ${
        download?.error === undefined
          ? nothing
          : html`<p class="card-error" role="alert">${icon('error')} <span>${download.error}</span></p>`
      }
      ${
        entry.state === 'downloading' || (download !== undefined && download.error === undefined)
          ? this.#progress(entry, download)
          : this.#button(entry)
      }
    </li>`;
  }

  #button(entry: ModelEntry): TemplateResult {
    const { id, partialBytes, state, recommended } = entry;
    const resume = state === 'partial' && partialBytes > 0;
    const label = resume ? t('Resume ({0} downloaded)', formatBytes(partialBytes)) : t('Download');
    return html`<button
      type="button"
      class=${recommended ? 'button' : 'button secondary'}
      data-testid="download"
      aria-label=${`${label}: ${entry.title}`}
      ?disabled=${entry.fit === 'tooLarge'}
      @click=${() => this.host.model({ action: 'download', id })}
    >
      ${label}
    </button>`;
  }

  #progress(entry: ModelEntry, download: DownloadView | undefined): TemplateResult {
    const progress = download?.progress;
    const text = downloadText(progress, t);
    return html`<div class="download">
      ${
        progress === undefined || progress.totalBytes === 0
          ? html`<progress aria-label=${text}></progress>`
          : html`<progress aria-label=${text} max=${progress.totalBytes} .value=${progress.receivedBytes}></progress>`
      }
      <div class="download-line">
        <span data-testid="download-progress">${text}</span>
        <button
          type="button"
          class="link"
          data-testid="cancel-download"
          aria-label=${t('Cancel the download of {0}', entry.title)}
          @click=${() => this.host.model({ action: 'cancel', id: entry.id })}
        >
          ${t('Cancel')}
        </button>
      </div>
    </div>`;
  }
}

customElements.define('paddock-model-cards', ModelCards);
