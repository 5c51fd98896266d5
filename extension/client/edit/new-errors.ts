/**
 * Errors that a language server finds in code after an edit was accepted, and had not found before: a bar above the
 * code names them and offers one repair. A language server checks documents only, so a proposal cannot be checked.
 */
import * as vscode from 'vscode';
import type { CommandId } from '../contributions/commands.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import { shortTitle } from './proposal-lenses.ts';

/** A language server that says nothing for so long has nothing to say. */
const patienceMs = 30_000;

interface Accepted {
  readonly document: vscode.TextDocument;
  /** What the document had before. */
  readonly known: readonly string[];
  /** The lines that were changed, as offsets. */
  start: number;
  length: number;
  until: number;
  found: readonly vscode.Diagnostic[];
}

export interface CodeWithErrors {
  readonly document: vscode.TextDocument;
  readonly range: vscode.Range;
  readonly diagnostics: readonly vscode.Diagnostic[];
}

export class NewErrors implements vscode.CodeLensProvider, Disposable {
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new vscode.EventEmitter<void>());
  readonly onDidChangeCodeLenses = this.#changed.event;
  /** The last accepted edit. */
  #accepted: Accepted | undefined;

  constructor() {
    this.#store.add(vscode.languages.registerCodeLensProvider({ pattern: '**' }, this));
    this.#store.add(vscode.languages.onDidChangeDiagnostics(({ uris }) => this.#onDiagnostics(uris)));
    this.#store.add(vscode.workspace.onDidChangeTextDocument((event) => this.#onDocumentChanged(event)));
  }

  /** Before an edit is written: what the language server says of the document now. */
  static knownErrors(document: vscode.TextDocument): readonly string[] {
    return errorsOf(document).map(({ message }) => message);
  }

  /** An edit was written. */
  watch(document: vscode.TextDocument, start: number, length: number, known: readonly string[]): void {
    this.#accepted = { document, known, start, length, until: Date.now() + patienceMs, found: [] };
    this.#changed.fire();
  }

  /** The code with errors, for a repair. The bar goes: one repair is offered. */
  take(): CodeWithErrors | undefined {
    const accepted = this.#accepted;
    if (accepted === undefined || accepted.found.length === 0) return undefined;
    this.dismiss();
    const { document, found } = accepted;
    return { document, range: rangeOf(accepted), diagnostics: found };
  }

  dismiss(): void {
    this.#accepted = undefined;
    this.#changed.fire();
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const accepted = this.#accepted;
    const [first] = accepted?.found ?? [];
    if (accepted?.document !== document || first === undefined) return [];
    const { start } = rangeOf(accepted);
    const range = new vscode.Range(start.line, 0, start.line, 0);
    const count = accepted.found.length;
    const more = count === 1 ? '' : ` ${vscode.l10n.t('and {0} more', count - 1)}`;
    const lens = (title: string, command: CommandId | ''): vscode.CodeLens =>
      new vscode.CodeLens(range, { title, command });
    return [
      lens(`$(error)\u00A0${vscode.l10n.t('New error: {0}', shortTitle(first.message))}${more}`, ''),
      lens(vscode.l10n.t('Repair'), 'paddock.edit.repair'),
      lens(vscode.l10n.t('Dismiss'), 'paddock.edit.dismissErrors'),
    ];
  }

  dispose(): void {
    this.#store.dispose();
  }

  #onDiagnostics(uris: readonly vscode.Uri[]): void {
    const accepted = this.#accepted;
    if (accepted === undefined || !uris.some((uri) => uri.toString() === accepted.document.uri.toString())) return;
    if (accepted.found.length === 0 && Date.now() > accepted.until) {
      this.#accepted = undefined;
      return;
    }
    const range = rangeOf(accepted);
    const left = [...accepted.known];
    const fresh = errorsOf(accepted.document).filter(({ message }) => {
      const index = left.indexOf(message);
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    });
    accepted.found = fresh.filter((diagnostic) => diagnostic.range.intersection(range) !== undefined);
    this.#changed.fire();
  }

  /** Follows what is typed above; what is typed in the code itself ends the watch. */
  #onDocumentChanged({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const accepted = this.#accepted;
    if (accepted?.document !== document) return;
    for (const { rangeOffset, rangeLength, text } of contentChanges) {
      if (rangeOffset >= accepted.start + accepted.length) continue;
      if (rangeOffset + rangeLength > accepted.start) return this.dismiss();
      accepted.start += text.length - rangeLength;
    }
  }
}

function errorsOf({ uri }: vscode.TextDocument): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(uri).filter(({ severity }) => severity === vscode.DiagnosticSeverity.Error);
}

function rangeOf({ document, start, length }: Accepted): vscode.Range {
  return new vscode.Range(document.positionAt(start), document.positionAt(start + length));
}
