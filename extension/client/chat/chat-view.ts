/**
 * The chat view's host side: its page, and the connection that sends a snapshot and then deltas. It holds no state
 * of its own, so VS Code may destroy the page whenever it is hidden.
 */
import * as vscode from 'vscode';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { protocolVersion } from '../../protocol/model.ts';
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
  type ChatChange,
  type ChatState,
  type CodeBlockParams,
  type ErrorAction,
  type ModelActionParams,
} from '../../protocol/webview.ts';
import { chatView } from '../contributions/views.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import { DisposableStore, MutableDisposable, toDisposable, type Disposable } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';
import { connectWebview } from '../lib/webview-transport.ts';
import type { ModelService } from '../models/model-service.ts';
import type { ChatService } from './chat-service.ts';
import { chatPage } from './chat-page.ts';

/** What the view asks for that is not the chat's own business. */
export interface ChatViewHandlers {
  attach(what: 'file' | 'selection'): boolean;
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
  readonly #connection = this.#store.add(new MutableDisposable<DisposableStore>());
  #live: MessageConnection | undefined;
  #seq = 0;
  #focusWhenConnected = false;

  constructor(options: ChatViewOptions) {
    this.#options = options;
    const { chat, engine, models } = options;
    this.#store.add(
      chat.onDidChange((change) =>
        this.#send(change.kind === 'conversation' ? { kind: 'reset', state: this.#state } : change),
      ),
    );
    this.#store.add(engine.onDidChangeState((state) => this.#send({ kind: 'engine', engine: state })));
    this.#store.add(models.onDidChange(() => this.#send({ kind: 'models', models: models.view })));
    this.#store.add(vscode.window.registerWebviewViewProvider(chatView.id, this));
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const { extensionUri, log, handlers } = this.#options;
    const { webview } = view;
    const root = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
    const store = new DisposableStore();
    this.#connection.value = store;
    webview.options = { enableScripts: true, localResourceRoots: [root] };
    const connection = store.add(connectWebview(webview, log));
    this.#live = connection;
    store.add(toDisposable(() => (this.#live = undefined)));
    this.#listen(connection);
    webview.html = chatPage(webview, root);
    store.add(view.onDidChangeVisibility(() => view.visible && handlers.shown()));
    store.add(view.onDidDispose(() => this.#connection.value === store && this.#connection.clear()));
    if (view.visible) handlers.shown();
  }

  /** Shows the view with the cursor in the composer. */
  async focus(): Promise<void> {
    this.#focusWhenConnected = true;
    await vscode.commands.executeCommand(`${chatView.id}.focus`);
    if (this.#live !== undefined) await this.#live.sendNotification(FocusComposer, null);
  }

  dispose(): void {
    this.#store.dispose();
  }

  get #state(): ChatState {
    const { chat, engine, models } = this.#options;
    return { ...chat.view, engine: engine.state, models: models.view };
  }

  #listen(connection: MessageConnection): void {
    const { chat, handlers } = this.#options;
    connection.onRequest(GetSnapshot, () => {
      if (this.#focusWhenConnected) {
        this.#focusWhenConnected = false;
        // After the answer, which makes the composer.
        setTimeout(() => void this.#live?.sendNotification(FocusComposer, null), 0);
      }
      return { protocolVersion, seq: this.#seq, state: this.#state, texts: translations() };
    });
    connection.onRequest(SendMessage, ({ text }) => chat.send(text));
    connection.onRequest(StopAnswer, () => {
      chat.stop();
      return null;
    });
    connection.onRequest(RetryAnswer, () => {
      chat.retry();
      return null;
    });
    connection.onRequest(Attach, ({ what }) => handlers.attach(what));
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
    connection.listen();
  }

  #send(change: ChatChange): void {
    const seq = ++this.#seq;
    this.#live?.sendNotification(Changed, { seq, change }).catch(() => undefined);
  }
}

/** The bundle of the display language holds a plain text or one with comments for each English text. */
function translations(): Record<string, string> {
  return { ...vscode.l10n.bundle };
}
