/** Attachments that no document holds, such as the output of a terminal. */
import * as vscode from 'vscode';
import type { Attachment } from './conversation.ts';
import { longestAttachment, type EditorAttachment } from './editor-attachment.ts';

const scheme = 'paddock-attachment';

export interface AttachedText {
  /** Shown on the chip. A waiting attachment of the same name is replaced. */
  readonly name: string;
  readonly languageId: string;
  readonly text: string;
}

export function textAttachment({ name, languageId, text }: AttachedText, newId: () => string): EditorAttachment {
  if (text.length > longestAttachment) return { kind: 'tooLarge', name, length: text.length };
  const uri = vscode.Uri.from({ scheme, path: `/${name}` }).toString();
  return { kind: 'attachment', attachment: { id: newId(), uri, path: name, languageId, text } };
}

/** Its text in a new editor. False for an attachment that a document holds. */
export async function revealText({ uri, text, languageId }: Attachment): Promise<boolean> {
  if (vscode.Uri.parse(uri).scheme !== scheme) return false;
  const known = (await vscode.languages.getLanguages()).includes(languageId);
  const document = await vscode.workspace.openTextDocument({
    content: text,
    ...(known ? { language: languageId } : {}),
  });
  await vscode.window.showTextDocument(document);
  return true;
}
