import { LitElement } from 'lit';

/**
 * A part of a page. It renders into the page itself instead of a shadow root: the parts share one small style sheet
 * and the icon font, and the page's policy allows no style but that sheet.
 */
export class PageElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
