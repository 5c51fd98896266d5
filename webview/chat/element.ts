import { PageElement } from '../shared/page-element.ts';
import type { HostClient } from './host-client.ts';

/** A part of the chat. */
export class ChatElement extends PageElement {
  /** Set once, before the first element exists. */
  static client: HostClient;

  protected get host(): HostClient {
    return ChatElement.client;
  }
}
