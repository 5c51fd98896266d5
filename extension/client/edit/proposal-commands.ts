/** What a user does with proposed edits: accept, reject, look, go to the next. */
import * as vscode from 'vscode';
import { contextKeys } from '../contributions/commands.ts';
import { proposalScheme } from '../contributions/views.ts';
import { setContext } from '../lib/commands.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { Hunk } from './hunks.ts';
import type { InlineView } from './inline-view.ts';
import type { Proposal } from './proposal.ts';
import { hunkRange, type Proposals } from './proposals.ts';
import { pickProposal } from './proposal-status.ts';
import type { SideBySideView } from './side-by-side.ts';

interface Change {
  readonly proposal: Proposal;
  readonly hunk: Hunk;
}

export class ProposalCommands implements Disposable {
  readonly #store = new DisposableStore();
  readonly #proposals: Proposals;
  readonly #inline: InlineView;
  readonly #sideBySide: SideBySideView;

  constructor(proposals: Proposals, inline: InlineView, sideBySide: SideBySideView) {
    this.#proposals = proposals;
    this.#inline = inline;
    this.#sideBySide = sideBySide;
    const update = (): void => this.#updateContext();
    this.#store.add(proposals.onDidChange(update));
    this.#store.add(vscode.window.onDidChangeActiveTextEditor(update));
    this.#store.add(vscode.window.onDidChangeTextEditorSelection(update));
  }

  /** `target` is what a bar or a zone gives: the proposal's id, or the zone's thread. */
  async accept(target?: unknown): Promise<void> {
    const proposal = this.#proposalOf(target);
    if (proposal !== undefined) await this.#accepted(proposal, await this.#proposals.accept(proposal));
  }

  reject(target?: unknown): void {
    const proposal = this.#proposalOf(target);
    if (proposal !== undefined) this.#proposals.reject(proposal);
  }

  cancel(target?: unknown): void {
    const proposal = this.#proposalOf(target) ?? this.#proposals.all.find(({ state }) => state.kind === 'writing');
    if (proposal?.state.kind === 'writing') this.#proposals.reject(proposal);
  }

  async acceptChange(target?: unknown): Promise<void> {
    const change = this.#changeOf(target);
    if (change === undefined) return;
    await this.#accepted(change.proposal, await this.#proposals.acceptHunk(change.proposal, change.hunk));
  }

  rejectChange(target?: unknown): void {
    const change = this.#changeOf(target);
    if (change !== undefined) this.#proposals.rejectHunk(change.proposal, change.hunk);
  }

  next(target?: unknown): Promise<void> {
    return this.#step(1, target);
  }

  previous(): Promise<void> {
    return this.#step(-1);
  }

  async show(): Promise<void> {
    const proposal = await pickProposal(this.#proposals);
    if (proposal !== undefined) await this.reveal(proposal);
  }

  async restore(): Promise<void> {
    const proposal = this.#proposals.restore();
    if (proposal === undefined) {
      void vscode.window.showInformationMessage(vscode.l10n.t('There is no rejected edit to show.'));
      return;
    }
    await this.reveal(proposal);
  }

  async compare(target?: unknown): Promise<void> {
    const proposal = this.#proposalOf(target) ?? (await pickProposal(this.#proposals));
    if (proposal !== undefined) await this.#sideBySide.show(proposal);
  }

  async copy(target?: unknown): Promise<void> {
    const proposal = this.#proposalOf(target);
    if (proposal !== undefined) await vscode.env.clipboard.writeText(proposal.proposed);
  }

  /** The proposal that a command is about: the one that was clicked, or that of the editor with the cursor. */
  current(target?: unknown): Proposal | undefined {
    return this.#proposalOf(target);
  }

  dispose(): void {
    this.#store.dispose();
  }

  #proposalOf(target: unknown): Proposal | undefined {
    if (typeof target === 'string') return this.#proposals.get(target);
    const clicked = this.#inline.find(target);
    if (clicked !== undefined) return clicked.proposal;
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined) return this.#sideBySide.active;
    if (editor.document.uri.scheme === proposalScheme) return this.#proposals.get(editor.document.uri.query);
    const offset = editor.document.offsetAt(editor.selection.active);
    const here = this.#proposals.of(editor.document.uri);
    return here.find(({ start, base }) => offset >= start && offset <= start + base.length) ?? here[0];
  }

  #changeOf(target: unknown): Change | undefined {
    const clicked = this.#inline.find(target);
    if (clicked !== undefined) return clicked;
    const editor = vscode.window.activeTextEditor;
    return editor === undefined ? undefined : this.#changeAt(editor);
  }

  /** The change on the line of the cursor, in the file or in the proposed text beside it. */
  #changeAt({ document, selection }: vscode.TextEditor): Change | undefined {
    const isProposed = document.uri.scheme === proposalScheme;
    const line = selection.active.line;
    const candidates = isProposed
      ? [this.#proposals.get(document.uri.query)].filter((proposal) => proposal !== undefined)
      : this.#proposals.of(document.uri);
    for (const proposal of candidates.filter(({ state }) => state.kind === 'ready')) {
      for (const hunk of proposal.hunks) {
        const range = isProposed ? proposedRange(document, proposal, hunk) : hunkRange(document, proposal, hunk);
        if (holdsLine(range, line)) return { proposal, hunk };
      }
    }
    return undefined;
  }

  async #accepted(proposal: Proposal, isWritten: boolean): Promise<void> {
    if (isWritten) return;
    if (!vscode.workspace.isTrusted) {
      void vscode.window.showWarningMessage(
        vscode.l10n.t('Paddock changes no files in Restricted Mode. Trust this workspace first.'),
      );
      return;
    }
    const copy = vscode.l10n.t('Copy Proposed Text');
    const isMissing = proposal.state.kind === 'paused' && proposal.state.reason === 'missing';
    const answer = await vscode.window.showWarningMessage(
      isMissing
        ? vscode.l10n.t('The file of this edit is gone. Nothing was written.')
        : vscode.l10n.t('The lines that this edit replaces were changed. Nothing was written. Undo that change first.'),
      copy,
    );
    if (answer === copy) await vscode.env.clipboard.writeText(proposal.proposed);
  }

  async #step(direction: 1 | -1, target?: unknown): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const only = typeof target === 'string' ? this.#proposals.get(target) : undefined;
    const proposals = only === undefined && editor !== undefined ? this.#proposals.of(editor.document.uri) : [only];
    const changes = proposals
      .filter((proposal) => proposal?.state.kind === 'ready')
      .flatMap((proposal) => (proposal?.hunks ?? []).map((hunk) => ({ proposal, hunk })));
    if (editor === undefined || changes.length === 0) return this.show();
    const lines = changes.map(({ proposal, hunk }) =>
      proposal === undefined ? 0 : hunkRange(editor.document, proposal, hunk).start.line,
    );
    const { line } = editor.selection.active;
    const after = direction > 0 ? lines.findIndex((one) => one > line) : lines.findLastIndex((one) => one < line);
    // Goes around at the ends.
    const index = after >= 0 ? after : direction > 0 ? 0 : lines.length - 1;
    const change = changes[index];
    if (change?.proposal !== undefined) await this.reveal(change.proposal, change.hunk);
  }

  /** Shows the editor of a proposal, with the cursor at a change. */
  async reveal(proposal: Proposal, hunk = proposal.hunks[0]): Promise<void> {
    if (this.#sideBySide.isOpen(proposal)) return this.#sideBySide.show(proposal);
    const document = await this.#proposals.locate(proposal);
    if (document === undefined) {
      void vscode.window.showWarningMessage(vscode.l10n.t('The file of this edit is gone.'));
      return;
    }
    const place = document.positionAt(proposal.start + (hunk?.start ?? 0));
    if (await showCell(document)) return;
    const editor = await vscode.window.showTextDocument(document, { preview: false });
    editor.selection = new vscode.Selection(place, place);
    const { AtTop, InCenterIfOutsideViewport } = vscode.TextEditorRevealType;
    const isFirst = hunk === undefined || hunk === proposal.hunks[0];
    // A zone can be higher than the window. With the bar at the top, the first zone begins on the screen.
    const top = document.positionAt(proposal.start).translate(-Math.min(2, document.positionAt(proposal.start).line));
    if (isFirst) editor.revealRange(new vscode.Range(top, top), AtTop);
    else editor.revealRange(new vscode.Range(place, place), InCenterIfOutsideViewport);
  }

  #updateContext(): void {
    const editor = vscode.window.activeTextEditor;
    const here = this.#proposalOf(undefined);
    void setContext(contextKeys.proposalHere, here !== undefined && here.state.kind !== 'writing');
    void setContext(contextKeys.changeHere, editor !== undefined && this.#changeAt(editor) !== undefined);
    void setContext(contextKeys.proposalStreaming, here?.state.kind === 'writing');
    void setContext(contextKeys.proposalOpen, this.#proposals.all.length > 0);
    void setContext(contextKeys.proposalRejected, this.#proposals.rejected.length > 0);
  }
}

function proposedRange(document: vscode.TextDocument, { start }: Proposal, hunk: Hunk): vscode.Range {
  const from = start + hunk.proposedStart;
  return new vscode.Range(document.positionAt(from), document.positionAt(from + hunk.text.length));
}

/** A hunk that only inserts is on the line above it and on the line below. */
function holdsLine({ start, end, isEmpty }: vscode.Range, line: number): boolean {
  if (isEmpty) return line === start.line || line === start.line - 1;
  return line >= start.line && line <= (end.character === 0 ? end.line - 1 : end.line);
}

/** Shows the notebook that a document is a cell of; false when it is none. */
async function showCell(document: vscode.TextDocument): Promise<boolean> {
  for (const notebook of vscode.workspace.notebookDocuments) {
    const cell = notebook.getCells().find((one) => one.document === document);
    if (cell === undefined) continue;
    const selections = [new vscode.NotebookRange(cell.index, cell.index + 1)];
    await vscode.window.showNotebookDocument(notebook, { selections });
    return true;
  }
  return false;
}
