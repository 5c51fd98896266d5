import { PageElement } from '../shared/page-element.ts';
import type { LabHost } from './lab-host.ts';

/** A part of the lab. */
export class LabElement extends PageElement {
  /** Set once, before the first element exists. */
  static client: LabHost;

  protected get host(): LabHost {
    return LabElement.client;
  }
}
