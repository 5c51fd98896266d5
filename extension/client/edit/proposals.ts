/**
 * Proposed edits. Each is a virtual document with the changed file, shown beside the file in VS Code's diff editor. It
 * grows while the text streams in. Accept writes it as one undo step. Reject, or closing the tab, hides it; a complete
 * edit can be restored. The user's document is not touched before Accept.
 */
import * as vscode from 'vscode';
import { contextKeys } from '../contributions/commands.ts';
import { proposalScheme } from '../contributions/views.ts';
import { setContext } from '../lib/commands.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import { previewText } from './preview.ts';
import { relocate } from './relocate.ts';

export interface ProposalTarget {
  readonly document: vscode.TextDocument;
  /** The whole document as it was when the edit was asked for, and what of it is replaced. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** What the diff editor's tab says. */
  readonly title: string;
  /** Of the request; the proposal owns it from now on. */
  readonly cancellation: vscode.CancellationTokenSource;
}

/** The virtual document is refreshed at most this often while text streams in. */
const refreshMs = 120;
/** Rejected edits that can be brought back. */
const mostRejected = 10;

export class Proposal {
  readonly uri: vscode.Uri;
  readonly documentUri: vscode.Uri;
  readonly title: string;
  readonly selection: string;
  readonly offset: number;
  readonly cancellation: vscode.CancellationTokenSource;
  readonly #before: string;
  readonly #after: string;
  readonly #eol: '\n' | '\r\n';
  readonly #refresh: () => void;
  #streamed = '';
  #replacement: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ document, text, start, end, title, cancellation }: ProposalTarget, id: number, refresh: () => void) {
    this.cancellation = cancellation;
    this.documentUri = document.uri;
    this.title = title;
    // The same path, so that the diff shows the file's name and colours its language.
    this.uri = vscode.Uri.from({ scheme: proposalScheme, path: document.uri.path, query: String(id) });
    this.offset = start;
    this.selection = text.slice(start, end);
    this.#before = text.slice(0, this.offset);
    this.#after = text.slice(this.offset + this.selection.length);
    this.#eol = document.eol === vscode.EndOfLine.CRLF ? '\r\n' : '\n';
    this.#refresh = refresh;
  }

  get before(): string {
    return this.#before;
  }

  get after(): string {
    return this.#after;
  }

  get streaming(): boolean {
    return this.#replacement === undefined;
  }

  get replacement(): string {
    return this.#replacement ?? previewText(this.selection, this.#streamed, this.#eol);
  }

  get content(): string {
    return this.#before + this.replacement + this.#after;
  }

  /** What has streamed in so far is dropped. */
  restart(): void {
    this.#streamed = '';
  }

  append(text: string): void {
    this.#streamed += text;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#refresh();
    }, refreshMs);
  }

  /** The text is complete. False when it equals the current text: there is nothing to accept. */
  finish(replacement: string): boolean {
    clearTimeout(this.#timer);
    const text = replacement.replaceAll(/\r?\n/g, this.#eol);
    if (text === this.selection) return false;
    this.#replacement = text;
    this.#refresh();
    return true;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.cancellation.cancel();
    this.cancellation.dispose();
  }
}

export class Proposals implements vscode.TextDocumentContentProvider, Disposable {
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new vscode.EventEmitter<vscode.Uri>());
  readonly onDidChange = this.#changed.event;
  readonly #proposals = new Map<string, Proposal>();
  /** Complete ones that were rejected, the last one at the end. */
  readonly #rejected: Proposal[] = [];
  #nextId = 1;

  constructor() {
    this.#store.add(vscode.workspace.registerTextDocumentContentProvider(proposalScheme, this));
    this.#store.add(vscode.window.tabGroups.onDidChangeTabs(({ closed }) => this.#onTabs(closed)));
    this.#store.add(vscode.window.tabGroups.onDidChangeTabGroups(() => this.#onTabs([])));
  }

  provideTextDocumentContent(uri: vscode.Uri): string | undefined {
    return this.#proposals.get(uri.toString())?.content;
  }

  /** Opens the diff editor. An open proposal for the same document is hidden. */
  async open(target: ProposalTarget): Promise<Proposal> {
    await this.#putAwayThoseOf(target.document.uri);
    const proposal: Proposal = new Proposal(target, this.#nextId++, () => this.#onRefresh(proposal));
    await this.#show(proposal, target.document.positionAt(target.start));
    return proposal;
  }

  /** Reopens the edit that was rejected last. False when there is none. */
  async restore(): Promise<boolean> {
    const proposal = this.#rejected.pop();
    this.#updateContext();
    if (proposal === undefined) return false;
    await this.#putAwayThoseOf(proposal.documentUri);
    const document = await vscode.workspace.openTextDocument(proposal.documentUri);
    await this.#show(proposal, document.positionAt(proposal.offset));
    return true;
  }

  async #putAwayThoseOf(document: vscode.Uri): Promise<void> {
    const same = [...this.#proposals.values()].filter((other) => other.documentUri.toString() === document.toString());
    for (const other of same) await this.#putAway(other);
  }

  async #show(proposal: Proposal, start: vscode.Position): Promise<void> {
    this.#proposals.set(proposal.uri.toString(), proposal);
    await vscode.commands.executeCommand('vscode.diff', proposal.documentUri, proposal.uri, proposal.title, {
      // A preview tab would be replaced by the next file that the user previews.
      preview: false,
      selection: new vscode.Range(start, start),
    } satisfies vscode.TextDocumentShowOptions);
    this.#updateContext();
  }

  /** The proposal whose diff editor is active. */
  get active(): Proposal | undefined {
    return this.#ofTab(vscode.window.tabGroups.activeTabGroup.activeTab);
  }

  /** Writes the change, as one undo step. False when the document has changed so that it no longer fits. */
  async accept(proposal: Proposal): Promise<boolean> {
    if (proposal.streaming) return false;
    const document = await vscode.workspace.openTextDocument(proposal.documentUri);
    const offset = relocate(document.getText(), proposal.offset, proposal.selection, proposal);
    if (offset === undefined) {
      await this.#sayChanged(proposal);
      return false;
    }
    const start = document.positionAt(offset);
    const range = new vscode.Range(start, document.positionAt(offset + proposal.selection.length));
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, range, proposal.replacement);
    if (!(await vscode.workspace.applyEdit(edit))) {
      await vscode.window.showErrorMessage(vscode.l10n.t('VS Code refused the change of {0}.', document.fileName));
      return false;
    }
    this.#forget(proposal);
    await this.#closeTabs(proposal);
    await vscode.window.showTextDocument(document, { selection: new vscode.Range(start, start) });
    return true;
  }

  /** Closes the proposal. The document does not change, and a complete edit can be restored. */
  async reject(proposal: Proposal): Promise<void> {
    const wasActive = this.active === proposal;
    await this.#putAway(proposal);
    // Does not move the focus when the user has switched to something else.
    if (wasActive) await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(proposal.documentUri));
  }

  dispose(): void {
    for (const proposal of this.#proposals.values()) proposal.dispose();
    this.#proposals.clear();
    this.#store.dispose();
  }

  async #sayChanged(proposal: Proposal): Promise<void> {
    const copy = vscode.l10n.t('Copy Proposed Text');
    const answer = await vscode.window.showWarningMessage(
      vscode.l10n.t('The selected code has changed since this edit was asked for. Nothing was written.'),
      copy,
    );
    if (answer === copy) await vscode.env.clipboard.writeText(proposal.replacement);
  }

  async #putAway(proposal: Proposal): Promise<void> {
    this.#keep(proposal);
    await this.#closeTabs(proposal);
  }

  /** Ends the stream. A complete edit can still be restored. */
  #keep(proposal: Proposal): void {
    this.#forget(proposal);
    if (proposal.streaming) return;
    this.#rejected.push(proposal);
    this.#rejected.splice(0, this.#rejected.length - mostRejected);
  }

  #forget(proposal: Proposal): void {
    this.#proposals.delete(proposal.uri.toString());
    proposal.dispose();
  }

  async #closeTabs(proposal: Proposal): Promise<void> {
    const tabs = vscode.window.tabGroups.all
      .flatMap((group) => group.tabs)
      .filter((tab) => proposalUri(tab)?.toString() === proposal.uri.toString());
    if (tabs.length > 0) await vscode.window.tabGroups.close(tabs);
    this.#updateContext();
  }

  #onRefresh(proposal: Proposal): void {
    this.#changed.fire(proposal.uri);
    this.#updateContext();
  }

  #onTabs(closed: readonly vscode.Tab[]): void {
    for (const tab of closed) {
      const proposal = this.#ofTab(tab);
      if (proposal !== undefined) this.#keep(proposal);
    }
    this.#updateContext();
  }

  #updateContext(): void {
    const { active } = this;
    void setContext(contextKeys.proposalActive, active !== undefined);
    void setContext(contextKeys.proposalStreaming, active?.streaming === true);
    void setContext(contextKeys.proposalRejected, this.#rejected.length > 0);
  }

  #ofTab(tab: vscode.Tab | undefined): Proposal | undefined {
    const uri = proposalUri(tab);
    return uri === undefined ? undefined : this.#proposals.get(uri.toString());
  }
}

function proposalUri(tab: vscode.Tab | undefined): vscode.Uri | undefined {
  const input = tab?.input;
  return input instanceof vscode.TabInputTextDiff && input.modified.scheme === proposalScheme
    ? input.modified
    : undefined;
}
