/** What the active editor shows, as an attachment of a question. */
import * as vscode from 'vscode';
import type { Attachment } from './conversation.ts';

/** Undefined when there is no editor, or nothing is selected in it. */
export function attachmentFromEditor(what: 'file' | 'selection', newId: () => string): Attachment | undefined {
  const editor = vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0];
  if (editor === undefined) return undefined;
  const { document, selection } = editor;
  const whole = { id: newId(), uri: document.uri.toString(), path: pathOf(document), languageId: document.languageId };
  if (what === 'file') return { ...whole, text: document.getText() };
  if (selection.isEmpty) return undefined;
  return attachmentFromRange(document, selection, newId);
}

export function attachmentFromRange(
  document: vscode.TextDocument,
  range: vscode.Range,
  newId: () => string,
): Attachment {
  const endsAtLineStart = !range.isSingleLine && range.end.character === 0;
  return {
    id: newId(),
    uri: document.uri.toString(),
    path: pathOf(document),
    languageId: document.languageId,
    text: document.getText(range),
    startLine: range.start.line + 1,
    endLine: range.end.line + (endsAtLineStart ? 0 : 1),
  };
}

export async function revealAttachment({ uri, startLine, endLine }: Attachment): Promise<void> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  const selection =
    startLine === undefined ? undefined : new vscode.Range(startLine - 1, 0, (endLine ?? startLine) - 1, 0);
  await vscode.window.showTextDocument(document, selection === undefined ? {} : { selection });
}

function pathOf(document: vscode.TextDocument): string {
  return vscode.workspace.asRelativePath(document.uri, false);
}
