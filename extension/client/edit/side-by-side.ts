/** Shows a proposed edit beside its file, in VS Code's diff editor: a virtual document with the changed file. */
import * as vscode from 'vscode';
import { proposalScheme } from '../contributions/views.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { Proposal } from './proposal.ts';
import { shortTitle } from './proposal-lenses.ts';
import type { Proposals } from './proposals.ts';

/** The virtual document is refreshed at most this often while text streams in. */
const refreshMs = 120;

export class SideBySideView implements vscode.TextDocumentContentProvider, Disposable {
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new vscode.EventEmitter<vscode.Uri>());
  readonly onDidChange = this.#changed.event;
  readonly #tabsChanged = this.#store.add(new vscode.EventEmitter<void>());
  /** A tab was opened or closed. */
  readonly onDidChangeTabs = this.#tabsChanged.event;
  readonly #proposals: Proposals;
  readonly #stale = new Map<string, Proposal>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(proposals: Proposals) {
    this.#proposals = proposals;
    this.#store.add(vscode.workspace.registerTextDocumentContentProvider(proposalScheme, this));
    this.#store.add(proposals.onDidChange((proposal) => this.#onChanged(proposal)));
    this.#store.add(vscode.window.tabGroups.onDidChangeTabs(() => this.#tabsChanged.fire()));
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const proposal = this.#proposals.get(uri.query);
    if (proposal === undefined) return '';
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(proposal.uri, true));
    const text = document.getText();
    if (proposal.state.kind === 'paused') return text;
    return text.slice(0, proposal.start) + proposal.proposed + text.slice(proposal.start + proposal.base.length);
  }

  isOpen(proposal: Proposal): boolean {
    return this.#tabs().some(({ id }) => id === proposal.id);
  }

  /** The proposal whose diff editor is in front. */
  get active(): Proposal | undefined {
    const id = proposalIn(vscode.window.tabGroups.activeTabGroup.activeTab);
    return id === undefined ? undefined : this.#proposals.get(id);
  }

  async show(proposal: Proposal): Promise<void> {
    const file = vscode.Uri.parse(proposal.uri, true);
    // The same path, so that the diff shows the file's name and colours its language.
    const changed = vscode.Uri.from({ scheme: proposalScheme, path: file.path, query: proposal.id });
    const document = await vscode.workspace.openTextDocument(file);
    const name = file.path.slice(file.path.lastIndexOf('/') + 1);
    const title = vscode.l10n.t('{0}: {1} (proposed)', name, shortTitle(proposal.title));
    const top = document.positionAt(proposal.start + (proposal.hunks[0]?.start ?? 0));
    // The path of a notebook's cell says nothing about its language.
    const virtual = await vscode.workspace.openTextDocument(changed);
    await vscode.languages.setTextDocumentLanguage(virtual, proposal.languageId);
    await vscode.commands.executeCommand('vscode.diff', file, changed, title, {
      // A preview tab would be replaced by the next file that the user previews.
      preview: false,
      selection: new vscode.Range(top, top),
    } satisfies vscode.TextDocumentShowOptions);
  }

  /** VS Code opens the tabs of the last session again; those of proposals that are gone are closed. */
  closeForgotten(): void {
    this.#closeTabs((id) => this.#proposals.get(id) === undefined);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#store.dispose();
  }

  #onChanged(proposal: Proposal): void {
    if (this.#proposals.get(proposal.id) !== proposal) {
      this.#closeTabs((id) => id === proposal.id);
      return;
    }
    this.#stale.set(proposal.id, proposal);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const stale = [...this.#stale.values()];
      this.#stale.clear();
      for (const { uri, id } of stale) {
        this.#changed.fire(
          vscode.Uri.from({ scheme: proposalScheme, path: vscode.Uri.parse(uri, true).path, query: id }),
        );
      }
    }, refreshMs);
  }

  #closeTabs(which: (id: string) => boolean): void {
    const tabs = this.#tabs().filter(({ id }) => which(id));
    if (tabs.length > 0) void vscode.window.tabGroups.close(tabs.map(({ tab }) => tab));
  }

  #tabs(): { readonly tab: vscode.Tab; readonly id: string }[] {
    return vscode.window.tabGroups.all
      .flatMap((group) => group.tabs)
      .flatMap((tab) => {
        const id = proposalIn(tab);
        return id === undefined ? [] : [{ tab, id }];
      });
  }
}

/** The id of the proposal that a tab shows. */
function proposalIn(tab: vscode.Tab | undefined): string | undefined {
  const input = tab?.input;
  return input instanceof vscode.TabInputTextDiff && input.modified.scheme === proposalScheme
    ? input.modified.query
    : undefined;
}
