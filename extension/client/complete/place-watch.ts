/** Whether a completion is still wanted where it was asked for. */
import * as vscode from 'vscode';
import { CancellationTokenSource, type CancellationToken } from 'vscode-jsonrpc/node';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';

/**
 * VS Code gives a completion up when it takes longer than 750 ms, and shows its list of words. A cancellation as late
 * as this says nothing about what the user does.
 */
const patienceMs = 500;

/**
 * Its token is cancelled at the next key, when the cursor leaves the place, and when VS Code cancels early. It is not
 * when VS Code has only lost its patience.
 */
export class PlaceWatch implements Disposable {
  readonly #store = new DisposableStore();
  readonly #source = this.#store.add(new CancellationTokenSource());
  readonly token: CancellationToken = this.#source.token;

  constructor(document: vscode.TextDocument, position: vscode.Position, given: vscode.CancellationToken) {
    const start = performance.now();
    const leave = (): void => this.#source.cancel();
    if (given.isCancellationRequested) leave();
    this.#store.add(given.onCancellationRequested(() => performance.now() - start < patienceMs && leave()));
    this.#store.add(
      vscode.workspace.onDidChangeTextDocument((event) => {
        if (event.document === document && event.contentChanges.length > 0) leave();
      }),
    );
    this.#store.add(
      vscode.window.onDidChangeTextEditorSelection(({ textEditor, selections }) => {
        if (textEditor.document === document && selections[0]?.active.isEqual(position) !== true) leave();
      }),
    );
    this.#store.add(vscode.window.onDidChangeActiveTextEditor(leave));
  }

  /** Another place is watched now. */
  leave(): void {
    this.#source.cancel();
    this.dispose();
  }

  dispose(): void {
    this.#store.dispose();
  }
}
