/**
 * The lab's editor tab: its page, and the channel that sends a snapshot and then changes. There is one tab. It holds no
 * state, and VS Code restores it with its project after a reload.
 */
import { resolve } from 'node:path';
import * as vscode from 'vscode';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import type { DataMap } from '../../protocol/data-map.ts';
import type { LabStepName } from '../../protocol/lab.ts';
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
  labRequests,
  type LabAction,
  type LabChange,
  type LabEdit,
  type LabList,
  type LabViewState,
} from '../../protocol/lab-view.ts';
import { labPanel } from '../contributions/views.ts';
import { DisposableStore, MutableDisposable, type Disposable } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';
import { ViewChannel } from '../lib/view-channel.ts';
import { showPage } from '../lib/webview-page.ts';
import type { ModelService } from '../models/model-service.ts';
import type { LabService } from './lab-service.ts';

/** Requests of the page. */
export interface LabPanelHandlers {
  edit(edit: LabEdit): void;
  add(list: LabList): Promise<void>;
  start(until: LabStepName | undefined): void;
  stop(): void;
  use(): Promise<void>;
  /** Null when it cannot be read. */
  map(): Promise<DataMap | null>;
  run(action: LabAction): Promise<void>;
  /** VS Code restored the tab with the window. */
  restored(folder: string): void;
}

export interface LabPanelOptions {
  readonly lab: LabService;
  readonly models: ModelService;
  readonly extensionUri: vscode.Uri;
  readonly log: Log;
  readonly handlers: LabPanelHandlers;
}

export class LabPanel implements vscode.WebviewPanelSerializer, Disposable {
  readonly #options: LabPanelOptions;
  readonly #store = new DisposableStore();
  readonly #channel: ViewChannel<LabViewState, LabChange>;
  readonly #panel = this.#store.add(new MutableDisposable<vscode.WebviewPanel>());
  readonly #opened = this.#store.add(new vscode.EventEmitter<boolean>());
  /** The tab was opened, or closed. */
  readonly onDidChangeOpen: vscode.Event<boolean> = this.#opened.event;

  constructor(options: LabPanelOptions) {
    this.#options = options;
    const { lab, models, log } = options;
    this.#channel = this.#store.add(
      new ViewChannel({
        snapshot: GetLab,
        changed: LabChanged,
        requests: labRequests,
        state: () => this.#state,
        log,
      }),
    );
    this.#store.add(
      lab.onDidChange((change) => {
        this.#channel.send(change.kind === 'folder' ? { kind: 'reset', state: this.#state } : change);
        if (change.kind === 'lab' || change.kind === 'folder') this.#updateTitle();
      }),
    );
    this.#store.add(models.onDidChange(() => this.#sendModels()));
    this.#store.add(
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#channel.send({ kind: 'reset', state: this.#state })),
    );
    this.#store.add(vscode.window.registerWebviewPanelSerializer(labPanel.id, this));
  }

  get isOpen(): boolean {
    return this.#panel.value !== undefined;
  }

  get isVisible(): boolean {
    return this.#panel.value?.visible === true;
  }

  show(): void {
    if (this.#panel.value !== undefined) {
      this.#panel.value.reveal();
      return;
    }
    this.#attach(
      vscode.window.createWebviewPanel(labPanel.id, vscode.l10n.t('Lab'), vscode.ViewColumn.Active, {
        enableFindWidget: true,
      }),
    );
  }

  /** `state` is what the page saved: the folder of its project. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    this.#attach(panel);
    const isState = typeof state === 'object' && state !== null && 'folder' in state;
    if (isState && typeof state.folder === 'string') this.#options.handlers.restored(state.folder);
    return Promise.resolve();
  }

  dispose(): void {
    this.#store.dispose();
  }

  #attach(panel: vscode.WebviewPanel): void {
    const { extensionUri, models, log } = this.#options;
    this.#panel.value = panel;
    const page = this.#channel.connect(panel.webview, (connection) => this.#listen(connection));
    showPage(panel.webview, extensionUri, { name: 'lab', title: vscode.l10n.t('Lab') });
    page.add(
      panel.onDidDispose(() => {
        page.dispose();
        if (this.#panel.value !== panel) return;
        this.#panel.clear();
        this.#opened.fire(false);
      }),
    );
    this.#updateTitle();
    this.#opened.fire(true);
    models.refresh().catch((error: unknown) => log.warn(String(error)));
  }

  get #state(): LabViewState {
    const { lab } = this.#options;
    return {
      trusted: vscode.workspace.isTrusted,
      folder: lab.folder,
      lab: lab.lab,
      run: lab.run,
      error: lab.error,
      ...this.#models,
    };
  }

  get #models(): Pick<LabViewState, 'models' | 'inUse'> {
    const { lab, models } = this.#options;
    const release = lab.lab?.release;
    return {
      models: models.view?.entries
        .filter(({ state }) => state === 'installed')
        .map(({ id, title, fileBytes }) => ({ id, title, fileBytes })),
      inUse: release !== undefined && models.loaded?.path === resolve(lab.folder ?? '', release.path),
    };
  }

  #sendModels(): void {
    if (this.isOpen) this.#channel.send({ kind: 'models', ...this.#models });
  }

  #updateTitle(): void {
    const panel = this.#panel.value;
    const title = this.#options.lab.lab?.project.title;
    if (panel !== undefined)
      panel.title = title === undefined ? vscode.l10n.t('Lab') : vscode.l10n.t('Lab: {0}', title);
  }

  #listen(connection: MessageConnection): void {
    const { handlers } = this.#options;
    connection.onRequest(EditLab, (edit) => {
      handlers.edit(edit);
      return null;
    });
    connection.onRequest(AddToLab, async ({ list }) => {
      await handlers.add(list);
      return null;
    });
    connection.onRequest(StartLab, ({ until }) => {
      handlers.start(until);
      return null;
    });
    connection.onRequest(StopLab, () => {
      handlers.stop();
      return null;
    });
    connection.onRequest(GetDataMap, () => handlers.map());
    connection.onRequest(UseLabModel, async () => {
      await handlers.use();
      return null;
    });
    connection.onRequest(RunLabAction, async ({ action }) => {
      await handlers.run(action);
      return null;
    });
  }
}
