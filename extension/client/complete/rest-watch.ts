/** Tells when the cursor comes to rest in a document that is being edited: where somebody is about to type. */
import * as vscode from 'vscode';
import { DisposableStore, toDisposable, type Disposable } from '../lib/lifetime.ts';

const restMs = 250;
/** A document counts as being edited for this long after a change. */
const editedMs = 5 * 60_000;
/** The cursor also moves with what is typed. */
const typingMs = 50;

export class RestWatch implements Disposable {
  readonly #store = new DisposableStore();
  readonly #edited = new WeakMap<vscode.TextDocument, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onRest: (editor: vscode.TextEditor) => void) {
    this.#store.add(toDisposable(() => clearTimeout(this.#timer)));
    this.#store.add(
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length === 0) return;
        clearTimeout(this.#timer);
        this.#edited.set(document, performance.now());
      }),
    );
    this.#store.add(
      vscode.window.onDidChangeTextEditorSelection(({ textEditor, selections }) => {
        clearTimeout(this.#timer);
        const sinceEdit = performance.now() - (this.#edited.get(textEditor.document) ?? -Infinity);
        if (sinceEdit < typingMs || sinceEdit > editedMs || selections.length > 1) return;
        this.#timer = setTimeout(() => onRest(textEditor), restMs);
      }),
    );
  }

  dispose(): void {
    this.#store.dispose();
  }
}
