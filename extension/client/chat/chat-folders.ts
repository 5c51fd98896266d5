/** Where the chats of a workspace are kept. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as vscode from 'vscode';

export interface ChatFolders {
  readonly current: string;
  /** Where an earlier version kept them. */
  readonly former: string;
}

/**
 * All windows of a workspace share one folder; all windows without a workspace share another. VS Code's storage folder
 * does not work for this: a second window of the same workspace gets a different one.
 */
export function chatFolders({ globalStorageUri, storageUri }: vscode.ExtensionContext): ChatFolders {
  const root = globalStorageUri.fsPath;
  return {
    current: join(root, 'chats', workspaceName()),
    former: join((storageUri ?? globalStorageUri).fsPath, 'chats'),
  };
}

/** The same for all windows of a workspace; a file name. */
export function workspaceName(): string {
  const { workspaceFile, workspaceFolders = [] } = vscode.workspace;
  // An unsaved workspace is identified by its folders.
  const places =
    workspaceFile === undefined || workspaceFile.scheme === 'untitled'
      ? workspaceFolders.map(({ uri }) => uri.toString()).sort()
      : [workspaceFile.toString()];
  if (places.length === 0) return 'no-folder';
  return createHash('sha256').update(places.join('\n')).digest('hex').slice(0, 24);
}
