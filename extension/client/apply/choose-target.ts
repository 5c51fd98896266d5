import * as vscode from 'vscode';
import { knownDocuments, type CodeTarget } from './find-document.ts';

/** Asks where a block goes when neither its answer nor its code tells. Undefined when the user gives no answer. */
export async function chooseTarget(attached: readonly vscode.Uri[]): Promise<CodeTarget | 'untitled' | undefined> {
  const documents = (await knownDocuments(attached)).map((document) => ({
    label: vscode.workspace.asRelativePath(document.uri),
    iconPath: vscode.ThemeIcon.File,
    resourceUri: document.uri,
    target: { kind: 'document', document } as const,
  }));
  const untitled = {
    label: vscode.l10n.t('New Untitled File'),
    iconPath: new vscode.ThemeIcon('new-file'),
    target: 'untitled' as const,
  };
  const picked = await vscode.window.showQuickPick([untitled, ...documents], {
    title: vscode.l10n.t('Apply in Editor'),
    placeHolder: vscode.l10n.t('Choose the file that the code is for'),
  });
  return picked?.target;
}
