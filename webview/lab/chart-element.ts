import { LabElement } from './element.ts';

/**
 * A drawing as wide as its place. It is drawn in the page's own pixels, so that its text has the size of the text
 * around it at every width.
 */
export class ChartElement extends LabElement {
  static override readonly properties = { width: { state: true } };
  declare width: number;
  readonly #observer = new ResizeObserver((entries) => {
    const width = Math.floor(entries.at(-1)?.contentRect.width ?? 0);
    if (width > 0) this.width = width;
  });

  constructor() {
    super();
    this.width = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
  }
}
