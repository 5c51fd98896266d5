/**
 * Shows proposed edits where the code is: old lines are marked, and the new ones stand in a zone below them. VS Code
 * has no API for lines that are not in the document, but a comment thread is such a zone: it has highlighted code,
 * buttons with words, a place in the Comments view, keys and a name for a screen reader.
 */
import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import { hunkZones, type HunkZone } from './hunk-zones.ts';
import type { Hunk } from './hunks.ts';
import type { Proposal } from './proposal.ts';
import { shortTitle } from './proposal-lenses.ts';
import { openDocument, type Proposals } from './proposals.ts';

/** The view is drawn at most this often while text streams in. */
const refreshMs = 100;

const removedLines = vscode.window.createTextEditorDecorationType({
  isWholeLine: true,
  backgroundColor: new vscode.ThemeColor('diffEditor.removedLineBackground'),
  // Only the high contrast themes have this colour.
  outlineWidth: '1px',
  outlineStyle: 'dashed',
  outlineColor: new vscode.ThemeColor('diffEditor.removedTextBorder'),
  overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.deletedForeground'),
  rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
});

/** Whether a proposal is shown here, and not side by side. */
type IsInline = (proposal: Proposal) => boolean;

export class InlineView implements Disposable {
  readonly #store = new DisposableStore();
  readonly #controller: vscode.CommentController;
  readonly #proposals: Proposals;
  readonly #isInline: IsInline;
  /** By proposal. */
  readonly #zones = new Map<string, Zone[]>();
  readonly #stale = new Set<Proposal>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(proposals: Proposals, isInline: IsInline) {
    this.#proposals = proposals;
    this.#isInline = isInline;
    this.#controller = this.#store.add(
      vscode.comments.createCommentController('paddock.edits', vscode.l10n.t('Proposed Edits')),
    );
    this.#store.add(proposals.onDidChange((proposal) => this.refresh(proposal)));
    this.#store.add(vscode.window.onDidChangeVisibleTextEditors((editors) => editors.forEach(this.#decorate)));
  }

  /** The change that a zone's button belongs to. */
  find(thread: unknown): { readonly proposal: Proposal; readonly hunk: Hunk } | undefined {
    for (const [id, zones] of this.#zones) {
      const index = zones.findIndex((zone) => zone.thread === thread);
      const proposal = this.#proposals.get(id);
      const hunk = proposal?.hunks[index];
      if (proposal !== undefined && hunk !== undefined) return { proposal, hunk };
    }
    return undefined;
  }

  refresh(proposal: Proposal): void {
    this.#stale.add(proposal);
    this.#timer ??= setTimeout(() => this.#draw(), refreshMs);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const zone of [...this.#zones.values()].flat()) zone.dispose();
    this.#store.dispose();
  }

  #draw(): void {
    this.#timer = undefined;
    const stale = [...this.#stale];
    this.#stale.clear();
    for (const proposal of stale) this.#drawZones(proposal);
    vscode.window.visibleTextEditors.forEach(this.#decorate);
  }

  #drawZones(proposal: Proposal): void {
    const document = openDocument(proposal.uri);
    const wanted = document === undefined || !this.#isShown(proposal) ? [] : hunkZones(document, proposal);
    const zones = this.#zones.get(proposal.id) ?? [];
    for (const zone of zones.splice(wanted.length)) zone.dispose();
    for (const [index, content] of wanted.entries()) {
      const zone = zones[index];
      if (zone?.isReady === content.isReady && zone.uri === proposal.uri) {
        zone.show(content);
        continue;
      }
      // VS Code gives a screen reader the text with which a zone was made.
      zone?.dispose();
      zones[index] = new Zone(this.#controller, proposal, content);
    }
    if (zones.length === 0) this.#zones.delete(proposal.id);
    else this.#zones.set(proposal.id, zones);
  }

  readonly #decorate = (editor: vscode.TextEditor): void => {
    const { document } = editor;
    const shown = this.#proposals.of(document.uri).filter((proposal) => this.#isShown(proposal));
    const removed = shown.flatMap((proposal) =>
      hunkZones(document, proposal).flatMap(({ removed: range }) => range ?? []),
    );
    editor.setDecorations(removedLines, removed);
  };

  #isShown(proposal: Proposal): boolean {
    return (
      this.#proposals.get(proposal.id) === proposal && proposal.state.kind !== 'paused' && this.#isInline(proposal)
    );
  }
}

/** A comment thread that shows one hunk. */
class Zone implements Disposable {
  readonly thread: vscode.CommentThread;
  readonly isReady: boolean;
  /** A file that is renamed needs a new zone. */
  readonly uri: string;
  readonly #languageId: string;
  readonly #comment: vscode.Comment;
  #code: string | undefined;

  constructor(controller: vscode.CommentController, { uri, languageId, title }: Proposal, content: HunkZone) {
    this.#languageId = languageId;
    this.isReady = content.isReady;
    this.uri = uri;
    this.thread = controller.createCommentThread(vscode.Uri.parse(uri, true), lineRange(content.line), []);
    // With the default of `comments.openView` in the manifest, VS Code opens its Comments view for unresolved ones
    // only.
    this.thread.state = vscode.CommentThreadState.Resolved;
    this.thread.contextValue = this.isReady ? 'change' : 'writing';
    this.thread.canReply = false;
    this.thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    this.#comment = { author: { name: shortTitle(title) }, body: '', mode: vscode.CommentMode.Preview };
    this.show(content);
  }

  show({ line, text, label }: HunkZone): void {
    const { thread } = this;
    if (thread.range?.start.line !== line) thread.range = lineRange(line);
    if (thread.label !== label) thread.label = label;
    if (this.#code === text) return;
    this.#code = text;
    this.#comment.body =
      text === ''
        ? new vscode.MarkdownString(vscode.l10n.t('These lines are removed.'))
        : new vscode.MarkdownString().appendCodeblock(codeFor(text), this.#languageId);
    thread.comments = [this.#comment];
  }

  dispose(): void {
    this.thread.dispose();
  }
}

/** A line of its own for the scroll bar of long lines, which covers the last one otherwise. */
function codeFor(text: string): string {
  const code = text.replace(/\r?\n$/u, '');
  return code.split('\n').some((line) => line.length > mostColumns) ? `${code}\n ` : code;
}

const mostColumns = 80;

function lineRange(line: number): vscode.Range {
  return new vscode.Range(line, 0, line, 0);
}
