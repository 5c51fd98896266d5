/** Whether a completion is still wanted where it was asked for. */
import * as vscode from 'vscode';
import { CancellationTokenSource, type CancellationToken } from 'vscode-jsonrpc/node';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';

/**
 * VS Code gives a completion up when it takes longer than 750 ms, and shows its list of words. A cancellation as late
 * as this says nothing about what the user does.
 */
const patienceMs = 500;
/** At each key VS Code asks anew and cancels what it has asked before; which of both is told first is not said. */
const keyMs = 20;

const pairs: ReadonlySet<string> = new Set(['()', '[]', '{}', '""', "''", '``']);

/**
 * Its token is cancelled at the next key, unless that agrees with the completion, when the cursor leaves the place, and
 * when VS Code cancels early. It is not when VS Code has only lost its patience.
 */
export class PlaceWatch implements Disposable {
  readonly #store = new DisposableStore();
  readonly #source = this.#store.add(new CancellationTokenSource());
  readonly token: CancellationToken = this.#source.token;
  #position: vscode.Position;
  #typed = '';
  #latest: vscode.CancellationToken | undefined;

  /** `agrees`: whether the completion says what was typed since. */
  constructor(
    { document, position }: { readonly document: vscode.TextDocument; readonly position: vscode.Position },
    agrees: (typed: string) => boolean,
  ) {
    this.#position = position;
    const leave = (): void => this.#source.cancel();
    this.#store.add(
      vscode.workspace.onDidChangeTextDocument((event) => {
        if (event.document !== document || event.contentChanges.length === 0) return;
        const text = this.#typedBy(event.contentChanges);
        if (text === undefined || !agrees(this.#typed + text)) return leave();
        this.#typed += text;
        this.#position = this.#position.translate(0, text.length);
      }),
    );
    this.#store.add(
      vscode.window.onDidChangeTextEditorSelection(({ textEditor, selections }) => {
        if (textEditor.document === document && selections[0]?.active.isEqual(this.#position) !== true) leave();
      }),
    );
    this.#store.add(vscode.window.onDidChangeActiveTextEditor(leave));
  }

  /** From now on this is the token that VS Code waits with. */
  follow(given: vscode.CancellationToken): void {
    const start = performance.now();
    const typed = this.#typed;
    this.#latest = given;
    const onCancelled = (): void => {
      if (performance.now() - start >= patienceMs) return;
      setTimeout(() => {
        // A key is no reason by itself, and another token may have taken its place.
        if (this.#latest === given && this.#typed === typed) this.#source.cancel();
      }, keyMs);
    };
    if (given.isCancellationRequested) this.#source.cancel();
    else this.#store.add(given.onCancellationRequested(onCancelled));
  }

  /** The text that the changes typed at the place; undefined if they did anything else. */
  #typedBy(changes: readonly vscode.TextDocumentContentChangeEvent[]): string | undefined {
    const [change, ...others] = changes;
    if (change === undefined || others.length > 0 || change.rangeLength > 0 || change.text.includes('\n')) return;
    if (!change.range.start.isEqual(this.#position)) return;
    // The editor closes what was opened, behind the cursor.
    return pairs.has(change.text) ? change.text[0] : change.text;
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
