import type { PropertyValues } from 'lit';
import { lastBlockStart, newReferences, renderMarkdown, type References } from './markdown.ts';
import { PageElement } from './page-element.ts';
import { updateHtml } from './update-html.ts';

/**
 * Shows Markdown that grows. Finished blocks stay in the page untouched, so a selection in them survives and a long
 * answer costs no more per frame than a short one. The last block is updated in place.
 *
 * @property text - the whole Markdown so far
 * @property streaming - whether more comes
 * @property restricted - whether no file may be changed
 */
export class MarkdownView extends PageElement {
  static override readonly properties = {
    text: { attribute: false },
    streaming: { attribute: false },
    restricted: { attribute: false },
  };
  declare text: string;
  declare streaming: boolean;
  declare restricted: boolean;

  /** The sources of the finished parts, in order. */
  #finished: string[] = [];
  #finishedText = '';
  /** Where the links of the finished parts lead, by their labels. A definition may come long after its link. */
  #references: References = newReferences();
  #shownReferences = 0;

  constructor() {
    super();
    this.text = '';
    this.streaming = false;
    this.restricted = false;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!this.text.startsWith(this.#finishedText)) this.#restart();
    if (changed.has('restricted')) this.#renderFinished();
    const rest = this.text.slice(this.#finishedText.length);
    const start = this.streaming ? lastBlockStart(rest) : 0;
    if (start > 0) this.#finish(rest.slice(0, start));
    // A definition in the last part may still be incomplete while it streams.
    const references = this.streaming ? newReferences(this.#references) : this.#references;
    const html = renderMarkdown(rest.slice(start), references, this.restricted);
    this.#updateLinks();
    updateHtml(this.#part(this.#finished.length), html);
  }

  #restart(): void {
    this.#finished = [];
    this.#finishedText = '';
    this.#references = newReferences();
    this.#shownReferences = 0;
    this.replaceChildren();
  }

  #finish(source: string): void {
    updateHtml(this.#part(this.#finished.length), this.#render(source));
    this.#finished.push(source);
    this.#finishedText += source;
  }

  /** New definitions may turn text of the finished parts into links. */
  #updateLinks(): void {
    const count = Object.keys(this.#references).length;
    if (count === this.#shownReferences) return;
    this.#shownReferences = count;
    this.#renderFinished();
  }

  #renderFinished(): void {
    this.#finished.forEach((source, index) => updateHtml(this.#part(index), this.#render(source)));
  }

  #render(source: string): string {
    return renderMarkdown(source, this.#references, this.restricted);
  }

  #part(index: number): Element {
    const existing = this.children[index];
    if (existing !== undefined) return existing;
    const part = document.createElement('div');
    part.className = 'markdown';
    return this.appendChild(part);
  }
}

customElements.define('paddock-markdown', MarkdownView);
