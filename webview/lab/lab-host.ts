/** The host as the lab's page sees it: one method for each thing that the user can do. */
import type { MessageConnection } from 'vscode-jsonrpc/browser';
import type { DataMap } from '../../extension/protocol/data-map.ts';
import {
  AddToLab,
  EditLab,
  GetDataMap,
  GetLab,
  LabChanged,
  RunLabAction,
  StartLab,
  StopLab,
  UseLabModel,
  type LabAction,
  type LabDelta,
  type LabEdit,
  type LabList,
  type LabSnapshot,
} from '../../extension/protocol/lab-view.ts';
import type { HostApi } from '../shared/rpc.ts';

export interface LabPlace {
  readonly folder: string;
  readonly scroll: number;
}

export class LabHost {
  readonly #connection: MessageConnection;
  readonly #api: HostApi;

  constructor(connection: MessageConnection, api: HostApi) {
    this.#connection = connection;
    this.#api = api;
  }

  listen(changed: (delta: LabDelta) => void): void {
    this.#connection.onNotification(LabChanged, changed);
    this.#connection.listen();
  }

  /**
   * `folder`: with it the tab finds its project after the window was reloaded. `scroll`: a tab that was hidden is made
   * again, and shows the place where the user was.
   */
  remember(place: LabPlace | undefined): void {
    this.#api.setState(place);
  }

  get remembered(): LabPlace | undefined {
    const state = this.#api.getState();
    return typeof state === 'object' && state !== null && 'folder' in state && 'scroll' in state
      ? { folder: String(state.folder), scroll: Number(state.scroll) || 0 }
      : undefined;
  }

  snapshot(): Promise<LabSnapshot> {
    return this.#connection.sendRequest(GetLab);
  }

  edit(edit: LabEdit): void {
    run(this.#connection.sendRequest(EditLab, edit));
  }

  add(list: LabList): void {
    run(this.#connection.sendRequest(AddToLab, { list }));
  }

  start(): void {
    run(this.#connection.sendRequest(StartLab, {}));
  }

  stop(): void {
    run(this.#connection.sendRequest(StopLab));
  }

  map(): Promise<DataMap | null> {
    return this.#connection.sendRequest(GetDataMap);
  }

  use(): void {
    run(this.#connection.sendRequest(UseLabModel));
  }

  run(action: LabAction): void {
    run(this.#connection.sendRequest(RunLabAction, { action }));
  }
}

/** The host shows and logs its own failures. */
function run(request: Promise<unknown>): void {
  request.catch(() => undefined);
}
