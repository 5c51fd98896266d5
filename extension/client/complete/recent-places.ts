/**
 * Where the user edited or looked lately: code there often shows how the code at hand goes on. Events only note a line;
 * text is read when a completion is asked for.
 */
import * as vscode from 'vscode';
import { isSecretFile } from '../../base/secret-file.ts';
import { recentPlaceLimits } from '../../protocol/server.ts';
import type { RecentPlace } from '../../protocol/server.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';

interface Noted {
  readonly document: vscode.TextDocument;
  readonly line: number;
}

/** Lines around the noted one that are sent. */
const around = recentPlaceLimits.lines / 2;

export class RecentPlaces implements Disposable {
  readonly #store = new DisposableStore();
  /** The latest last. */
  #noted: readonly Noted[] = [];

  constructor() {
    this.#store.add(
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        const line = contentChanges.at(-1)?.range.start.line;
        if (line !== undefined) this.#note(document, line);
      }),
    );
    this.#store.add(
      vscode.window.onDidChangeTextEditorSelection(({ textEditor, selections }) => {
        const line = selections[0]?.active.line;
        if (line !== undefined) this.#note(textEditor.document, line);
      }),
    );
    this.#store.add(
      vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor, visibleRanges }) => {
        const range = visibleRanges[0];
        if (range !== undefined) this.#note(textEditor.document, Math.floor((range.start.line + range.end.line) / 2));
      }),
    );
  }

  /** The latest last. */
  collect(): readonly RecentPlace[] {
    return this.#noted.flatMap(({ document, line }) => (document.isClosed ? [] : [placeAt(document, line)]));
  }

  dispose(): void {
    this.#store.dispose();
  }

  /** A line near a noted one of the same document is the same place. */
  #note(document: vscode.TextDocument, line: number): void {
    if (!isCode(document)) return;
    const others = this.#noted.filter((one) => one.document !== document || Math.abs(one.line - line) > around);
    this.#noted = [...others, { document, line }].slice(-recentPlaceLimits.places);
  }
}

/** Not the log, a diff's other side or the settings; and no secrets. */
function isCode({ uri }: vscode.TextDocument): boolean {
  const isOurs = uri.scheme === 'untitled' || vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  return isOurs && !isSecretFile(uri.path);
}

function placeAt(document: vscode.TextDocument, line: number): RecentPlace {
  const first = Math.max(0, Math.min(line, document.lineCount) - around);
  const last = new vscode.Position(first + recentPlaceLimits.lines, 0);
  const text = document.getText(new vscode.Range(new vscode.Position(first, 0), last));
  return {
    path: vscode.workspace.asRelativePath(document.uri, false),
    startLine: first + 1,
    text: text.slice(0, recentPlaceLimits.characters),
  };
}
