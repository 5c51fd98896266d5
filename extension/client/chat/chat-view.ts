/**
 * The chat view's host side: its page, and the connection that sends a snapshot and then deltas. It holds no state
 * of its own, so VS Code may destroy the page whenever it is hidden.
 */
import * as vscode from 'vscode';
import type { MessageConnection } from 'vscode-jsonrpc/node';
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
  chatRequests,
  type ChatChange,
  type ChatState,
  type CodeBlockParams,
  type ErrorAction,
  type ModelActionParams,
  type Outcome,
} from '../../protocol/webview.ts';
import { chatView } from '../contributions/views.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';
import { ViewChannel } from '../lib/view-channel.ts';
import { showPage } from '../lib/webview-page.ts';
import type { ModelService } from '../models/model-service.ts';
import type { ChatService } from './chat-service.ts';

/** Requests of the view that the chat itself does not answer. */
export interface ChatViewHandlers {
  attach(part: 'file' | 'selection'): Outcome;
  reveal(attachmentId: string): Promise<void>;
  useCode(params: CodeBlockParams): Promise<boolean>;
  openLink(href: string): Promise<void>;
  run(action: ErrorAction): Promise<void>;
  model(params: ModelActionParams): Promise<void>;
  /** The view is shown: the engine is needed now. */
  shown(): void;
}

export interface ChatViewOptions {
  readonly chat: ChatService;
  readonly engine: EngineSupervisor;
  readonly models: ModelService;
  readonly extensionUri: vscode.Uri;
  readonly log: Log;
  readonly handlers: ChatViewHandlers;
}

export class ChatView implements vscode.WebviewViewProvider, Disposable {
  readonly #options: ChatViewOptions;
  readonly #store = new DisposableStore();
  readonly #channel: ViewChannel<ChatState, ChatChange>;
  #focusWhenConnected = false;

  constructor(options: ChatViewOptions) {
    this.#options = options;
    const { chat, engine, models, log } = options;
    this.#channel = this.#store.add(
      new ViewChannel({
        snapshot: GetSnapshot,
        changed: Changed,
        requests: chatRequests,
        state: () => this.#snapshotState(),
        log,
      }),
    );
    this.#store.add(
      chat.onDidChange((change) =>
        this.#channel.send(change.kind === 'conversation' ? { kind: 'reset', state: this.#state } : change),
      ),
    );
    this.#store.add(engine.onDidChangeState((state) => this.#channel.send({ kind: 'engine', engine: state })));
    this.#store.add(models.onDidChange(() => this.#channel.send({ kind: 'models', models: models.view })));
    this.#store.add(
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#channel.send({ kind: 'reset', state: this.#state })),
    );
    this.#store.add(vscode.window.registerWebviewViewProvider(chatView.id, this));
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const { extensionUri, handlers } = this.#options;
    const store = this.#channel.connect(view.webview, (connection) => this.#listen(connection));
    showPage(view.webview, extensionUri, { name: 'chat', title: 'Paddock' });
    store.add(view.onDidChangeVisibility(() => view.visible && handlers.shown()));
    store.add(view.onDidDispose(() => store.dispose()));
    if (view.visible) handlers.shown();
  }

  /** Shows the view with the cursor in the composer. */
  async focus(): Promise<void> {
    this.#focusWhenConnected = true;
    await vscode.commands.executeCommand(`${chatView.id}.focus`);
    await this.#channel.live?.sendNotification(FocusComposer, null);
  }

  dispose(): void {
    this.#store.dispose();
  }

  get #state(): ChatState {
    const { chat, engine, models } = this.#options;
    const restricted = !vscode.workspace.isTrusted;
    return { ...chat.view, engine: engine.state, models: models.view, restricted };
  }

  #snapshotState(): ChatState {
    if (this.#focusWhenConnected) {
      this.#focusWhenConnected = false;
      // After the answer, which makes the composer.
      setTimeout(() => void this.#channel.live?.sendNotification(FocusComposer, null), 0);
    }
    return this.#state;
  }

  #listen(connection: MessageConnection): void {
    const { chat, handlers } = this.#options;
    connection.onRequest(SendMessage, ({ text }) => chat.send(text));
    connection.onRequest(StopAnswer, () => {
      chat.stop();
      return null;
    });
    connection.onRequest(RetryAnswer, () => {
      chat.retry();
      return null;
    });
    connection.onRequest(Attach, ({ part }) => handlers.attach(part));
    connection.onRequest(Detach, ({ id }) => {
      chat.detach(id);
      return null;
    });
    connection.onRequest(RevealAttachment, async ({ id }) => {
      await handlers.reveal(id);
      return null;
    });
    connection.onRequest(UseCodeBlock, (params) => handlers.useCode(params));
    connection.onRequest(OpenLink, async ({ href }) => {
      await handlers.openLink(href);
      return null;
    });
    connection.onRequest(RunAction, async ({ action }) => {
      await handlers.run(action);
      return null;
    });
    connection.onRequest(ModelAction, async (params) => {
      await handlers.model(params);
      return null;
    });
  }
}
