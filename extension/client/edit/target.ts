/** Which part of which document a command is about, and whether it may be changed. */
import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';

/** The code to work on: the selection, else the innermost symbol around the cursor, else the cursor's line. */
export async function targetRange(editor: vscode.TextEditor): Promise<vscode.Range | undefined> {
  const { document, selection } = editor;
  if (!selection.isEmpty) return trimRange(document, selection);
  const symbol = await enclosingSymbol(document, selection.active);
  const line = document.lineAt(selection.active.line);
  const range = symbol ?? (line.isEmptyOrWhitespace ? undefined : line.range);
  return range === undefined ? undefined : trimRange(document, range);
}

/** For Fix: the selection, else the whole lines of the diagnostics at the cursor. */
export function fixTarget(
  editor: vscode.TextEditor,
): { readonly range: vscode.Range; readonly diagnostics: readonly vscode.Diagnostic[] } | undefined {
  const { document, selection } = editor;
  const near = selection.isEmpty ? document.lineAt(selection.active.line).range : selection;
  const diagnostics = vscode.languages
    .getDiagnostics(document.uri)
    .filter(({ range }) => range.intersection(near) !== undefined);
  if (diagnostics.length === 0) return undefined;
  if (!selection.isEmpty) return { range: trimRange(document, selection), diagnostics };
  const first = Math.min(...diagnostics.map(({ range }) => range.start.line));
  const last = Math.max(...diagnostics.map(({ range }) => range.end.line));
  return { range: new vscode.Range(document.lineAt(first).range.start, document.lineAt(last).range.end), diagnostics };
}

/** The write bits of a file's mode; on Windows they follow the read-only attribute. */
const anyoneMayWrite = 0o222;

/** Why the document cannot be changed, in words; undefined when it can. */
export async function whyReadOnly(document: vscode.TextDocument): Promise<string | undefined> {
  const { scheme } = document.uri;
  if (scheme === 'untitled') return undefined;
  if (vscode.workspace.fs.isWritableFileSystem(scheme) === false) {
    return vscode.l10n.t('This document is read-only: it shows content from elsewhere.');
  }
  try {
    const { permissions = 0 } = await vscode.workspace.fs.stat(document.uri);
    // VS Code calls an unwritable file "locked" and does not report that to extensions.
    const locked = scheme === 'file' && ((await stat(document.uri.fsPath)).mode & anyoneMayWrite) === 0;
    if (locked || (permissions & vscode.FilePermission.Readonly) !== 0) {
      return vscode.l10n.t('{0} is read-only. Make it writable, then try again.', document.fileName);
    }
  } catch {
    // A file that is gone from the disk can still be edited and saved again.
  }
  return undefined;
}

/** Excludes the line break at the end of a selection of whole lines: the edit must keep it. */
function trimRange(document: vscode.TextDocument, range: vscode.Range): vscode.Range {
  if (range.isSingleLine || range.end.character > 0) return range;
  return new vscode.Range(range.start, document.lineAt(range.end.line - 1).range.end);
}

async function enclosingSymbol(
  document: vscode.TextDocument,
  position: vscode.Position,
): Promise<vscode.Range | undefined> {
  const symbols =
    (await vscode.commands.executeCommand<readonly (vscode.DocumentSymbol | vscode.SymbolInformation)[] | undefined>(
      'vscode.executeDocumentSymbolProvider',
      document.uri,
    )) ?? [];
  let found: vscode.DocumentSymbol | undefined;
  let level = symbols.filter((symbol): symbol is vscode.DocumentSymbol => 'children' in symbol);
  for (;;) {
    const next: vscode.DocumentSymbol | undefined = level.find(({ range }) => range.contains(position));
    if (next === undefined) return found?.range;
    // A local name in a function is not a unit to rewrite.
    if (!next.range.isSingleLine || found === undefined) found = next;
    level = next.children;
  }
}
