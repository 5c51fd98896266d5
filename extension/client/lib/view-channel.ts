/**
 * The host's end of a page: answers its request for a snapshot, then numbers and sends changes. It outlives the page,
 * which VS Code may destroy whenever it is hidden.
 */
import * as vscode from 'vscode';
import type { MessageConnection, NotificationType, RequestType0 } from 'vscode-jsonrpc/node';
import { protocolVersion } from '../../protocol/model.ts';
import type { RequestChecks, ViewDelta, ViewSnapshot } from '../../protocol/view.ts';
import { DisposableStore, MutableDisposable, toDisposable, type Disposable } from './lifetime.ts';
import type { Log } from './log.ts';
import { connectWebview, type MessagePort } from './webview-transport.ts';

export interface ViewChannelOptions<State, Change> {
  readonly snapshot: RequestType0<ViewSnapshot<State>, void>;
  readonly changed: NotificationType<ViewDelta<Change>>;
  readonly requests: RequestChecks;
  readonly state: () => State;
  readonly log: Log;
}

export class ViewChannel<State, Change> implements Disposable {
  readonly #options: ViewChannelOptions<State, Change>;
  readonly #page = new MutableDisposable<DisposableStore>();
  #live: MessageConnection | undefined;
  #seq = 0;

  constructor(options: ViewChannelOptions<State, Change>) {
    this.#options = options;
  }

  /** The page that is connected now. */
  get live(): MessageConnection | undefined {
    return this.#live;
  }

  /** Connects a page in place of the one before. `listen` adds handlers. Returns a store that goes with the page. */
  connect(port: MessagePort, listen: (connection: MessageConnection) => void): DisposableStore {
    const { snapshot, requests, state, log } = this.#options;
    const store = new DisposableStore();
    this.#page.value = store;
    const connection = store.add(connectWebview(port, requests, log));
    this.#live = connection;
    store.add(toDisposable(() => this.#live === connection && (this.#live = undefined)));
    connection.onRequest(snapshot, () => ({ protocolVersion, seq: this.#seq, state: state(), texts: translations() }));
    listen(connection);
    connection.listen();
    return store;
  }

  /** Messages to a destroyed page are dropped: the next page asks for a snapshot. */
  send(change: Change): void {
    const seq = ++this.#seq;
    this.#live?.sendNotification(this.#options.changed, { seq, change }).catch(() => undefined);
  }

  dispose(): void {
    this.#page.dispose();
  }
}

/** The bundle of the display language holds a plain text or one with comments for each English text. */
function translations(): Record<string, string> {
  return { ...vscode.l10n.bundle };
}
