/** Attachments from the active editor. */
import * as vscode from 'vscode';
import type { Attachment } from './conversation.ts';

/** The longest attachment, in UTF-16 units: longer than nearly any context, short enough to cause no pause. */
export const longestAttachment = 500_000;

/** `tooLarge` has the length. The text of a document that is too large is never created. */
export type EditorAttachment =
  | { readonly kind: 'attachment'; readonly attachment: Attachment }
  | { readonly kind: 'tooLarge'; readonly name: string; readonly length: number };

/** Undefined when there is no editor, or nothing is selected in it. */
export function attachmentFromEditor(part: 'file' | 'selection', newId: () => string): EditorAttachment | undefined {
  const editor = vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0];
  if (editor === undefined) return undefined;
  const { document, selection } = editor;
  if (part === 'selection') return selection.isEmpty ? undefined : attachmentFromRange(document, selection, newId);
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  return limited(document, document.validateRange(whole), () => ({
    ...describeDocument(document, newId),
    text: document.getText(),
  }));
}

export function attachmentFromRange(
  document: vscode.TextDocument,
  range: vscode.Range,
  newId: () => string,
): EditorAttachment {
  const endsAtLineStart = !range.isSingleLine && range.end.character === 0;
  return limited(document, range, () => ({
    ...describeDocument(document, newId),
    text: document.getText(range),
    startLine: range.start.line + 1,
    endLine: range.end.line + (endsAtLineStart ? 0 : 1),
  }));
}

export async function revealAttachment({ uri, startLine, endLine }: Attachment): Promise<void> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  const selection =
    startLine === undefined ? undefined : new vscode.Range(startLine - 1, 0, (endLine ?? startLine) - 1, 0);
  await vscode.window.showTextDocument(document, selection === undefined ? {} : { selection });
}

function limited(document: vscode.TextDocument, range: vscode.Range, make: () => Attachment): EditorAttachment {
  const length = document.offsetAt(range.end) - document.offsetAt(range.start);
  if (length <= longestAttachment) return { kind: 'attachment', attachment: make() };
  return { kind: 'tooLarge', name: vscode.workspace.asRelativePath(document.uri), length };
}

function describeDocument(document: vscode.TextDocument, newId: () => string): Omit<Attachment, 'text'> {
  return {
    id: newId(),
    uri: document.uri.toString(),
    // With several workspace folders the path begins with the folder's name.
    path: vscode.workspace.asRelativePath(document.uri),
    languageId: document.languageId,
  };
}
