import { LitElement } from 'lit';
import type { HostClient } from './host-client.ts';

/**
 * A part of the chat. It renders into the page itself instead of a shadow root: the parts share one small style
 * sheet and the icon font, and the page's policy allows no style but that sheet.
 */
export class ChatElement extends LitElement {
  /** Set once, before the first element exists. */
  static client: HostClient;

  protected get host(): HostClient {
    return ChatElement.client;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
