import { html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import { repeat } from 'lit/directives/repeat.js';
import { lastBlockStart, renderMarkdown } from './markdown.ts';

/**
 * Shows Markdown that grows. Blocks that are finished stay in the page untouched, so a selection in them survives
 * and a long answer costs no more per frame than a short one.
 *
 * @property text - the whole Markdown so far
 * @property streaming - whether more comes
 */
export class MarkdownView extends LitElement {
  static override readonly properties = { text: { attribute: false }, streaming: { attribute: false } };
  declare text: string;
  declare streaming: boolean;

  /** HTML of the finished parts, in order. */
  #finished: string[] = [];
  /** The source of the finished parts. */
  #finishedText = '';
  #tail = '';

  constructor() {
    super();
    this.text = '';
    this.streaming = false;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override willUpdate(_changed: PropertyValues<this>): void {
    if (!this.text.startsWith(this.#finishedText)) {
      this.#finished = [];
      this.#finishedText = '';
    }
    const rest = this.text.slice(this.#finishedText.length);
    const start = this.streaming ? lastBlockStart(rest) : 0;
    if (start > 0) {
      this.#finished.push(renderMarkdown(rest.slice(0, start)));
      this.#finishedText += rest.slice(0, start);
    }
    this.#tail = renderMarkdown(rest.slice(start));
  }

  protected override render(): TemplateResult {
    return html`${repeat(
        this.#finished,
        (_part, index) => index,
        (part) => html`<div class="markdown">${unsafeHTML(part)}</div>`,
      )}
      <div class="markdown">${unsafeHTML(this.#tail)}</div>`;
  }
}

customElements.define('paddock-markdown', MarkdownView);
