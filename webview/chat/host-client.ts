/** The host as the view sees it: one method for each thing that the user can do. */
import type { MessageConnection } from 'vscode-jsonrpc/browser';
import {
  Attach,
  Changed,
  Detach,
  FocusComposer,
  GetSnapshot,
  ModelAction,
  OpenLink,
  RetryAnswer,
  RevealAttachment,
  RunAction,
  SendMessage,
  StopAnswer,
  UseCodeBlock,
  type ChatDelta,
  type ChatSnapshot,
  type CodeBlockParams,
  type ErrorAction,
  type ModelActionParams,
  type Outcome,
} from '../../extension/protocol/webview.ts';
import type { HostApi } from '../shared/rpc.ts';

export interface HostEvents {
  readonly changed: (delta: ChatDelta) => void;
  readonly focusComposer: () => void;
}

export class HostClient {
  readonly #connection: MessageConnection;
  readonly #api: HostApi;

  constructor(connection: MessageConnection, api: HostApi) {
    this.#connection = connection;
    this.#api = api;
  }

  listen({ changed, focusComposer }: HostEvents): void {
    this.#connection.onNotification(Changed, changed);
    this.#connection.onNotification(FocusComposer, focusComposer);
    this.#connection.listen();
  }

  /** The unsent text: it survives hiding the view and reloading the window. */
  get draft(): string {
    const state = this.#api.getState();
    const isState = typeof state === 'object' && state !== null && 'draft' in state;
    return isState && typeof state.draft === 'string' ? state.draft : '';
  }

  set draft(draft: string) {
    this.#api.setState({ draft });
  }

  snapshot(): Promise<ChatSnapshot> {
    return this.#connection.sendRequest(GetSnapshot);
  }

  send(text: string): Promise<Outcome> {
    return this.#connection.sendRequest(SendMessage, { text });
  }

  stop(): void {
    run(this.#connection.sendRequest(StopAnswer));
  }

  retry(): void {
    run(this.#connection.sendRequest(RetryAnswer));
  }

  attach(part: 'file' | 'selection'): Promise<Outcome> {
    return this.#connection.sendRequest(Attach, { part });
  }

  detach(id: string): void {
    run(this.#connection.sendRequest(Detach, { id }));
  }

  reveal(id: string): void {
    run(this.#connection.sendRequest(RevealAttachment, { id }));
  }

  useCode(params: CodeBlockParams): Promise<boolean> {
    return this.#connection.sendRequest(UseCodeBlock, params);
  }

  openLink(href: string): void {
    run(this.#connection.sendRequest(OpenLink, { href }));
  }

  run(action: ErrorAction): void {
    run(this.#connection.sendRequest(RunAction, { action }));
  }

  model(params: ModelActionParams): void {
    run(this.#connection.sendRequest(ModelAction, params));
  }
}

/** The host shows and logs its own failures. */
function run(request: Promise<unknown>): void {
  request.catch(() => undefined);
}
