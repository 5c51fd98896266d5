/** Dialogs of the lab for folders and files. */
import { homedir } from 'node:os';
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import type { LabList } from '../../protocol/lab-view.ts';

export type ProjectChoice = { readonly action: 'open'; readonly folder: string } | { readonly action: 'new' };

type Item = vscode.QuickPickItem & { readonly folder?: string; readonly action?: 'browse' | 'new' };

/** Projects that were open before and those of the workspace, any other folder, or a new one. */
export async function chooseProject(
  recent: readonly string[],
  open: string | undefined,
): Promise<ProjectChoice | undefined> {
  const found = await vscode.workspace.findFiles('**/lab.json', '**/node_modules/**', 20);
  const inWorkspace = found.filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => dirname(fsPath));
  const folders = [...new Set([...(open === undefined ? [] : [open]), ...recent, ...inWorkspace])];
  const items: Item[] = [
    ...folders.map((folder) => ({
      label: `$(beaker) ${basename(folder)}`,
      description: dirname(folder),
      folder,
    })),
    ...(folders.length > 0 ? [{ label: '', kind: vscode.QuickPickItemKind.Separator }] : []),
    { label: vscode.l10n.t('$(add) New Lab Project…'), action: 'new', alwaysShow: true },
    { label: vscode.l10n.t('$(folder-opened) Open Another Folder…'), action: 'browse', alwaysShow: true },
  ];
  const choice = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Open Lab'),
    placeHolder: vscode.l10n.t('A project holds your data, the training and the finished model.'),
    matchOnDescription: true,
  });
  if (choice?.action === 'new') return { action: 'new' };
  const folder = choice?.action === 'browse' ? await browse() : choice?.folder;
  return folder === undefined ? undefined : { action: 'open', folder };
}

/** A folder that may not exist yet: one question for its place and its name. */
export async function chooseNewFolder(): Promise<string | undefined> {
  const uri = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('New Lab Project: Choose Its Folder'),
    saveLabel: vscode.l10n.t('Create Project'),
    defaultUri: vscode.Uri.joinPath(startFolder(), vscode.l10n.t('my-model')),
  });
  return localPaths(uri === undefined ? [] : [uri])[0];
}

/** Files to add to a list of the project, or a model file. Empty when the user cancels. */
export async function chooseFiles(list: LabList | 'model', folder: string | undefined): Promise<string[]> {
  const folders = list === 'code';
  const uris = await vscode.window.showOpenDialog({
    title: titleOf(list),
    openLabel: vscode.l10n.t('Add'),
    canSelectFiles: !folders,
    canSelectFolders: folders,
    canSelectMany: list !== 'tasks' && list !== 'model',
    defaultUri: folders || folder === undefined ? startFolder() : vscode.Uri.file(folder),
    ...(folders ? {} : { filters: filtersOf(list) }),
  });
  return localPaths(uris ?? []);
}

async function browse(): Promise<string | undefined> {
  const [uri] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Open the folder of a lab project'),
      openLabel: vscode.l10n.t('Open Lab'),
      canSelectFiles: false,
      canSelectFolders: true,
      defaultUri: startFolder(),
    })) ?? [];
  return localPaths(uri === undefined ? [] : [uri])[0];
}

/** The lab runs on this computer. Leaves out folders and files of other computers, and names them in a message. */
function localPaths(uris: readonly vscode.Uri[]): string[] {
  const [elsewhere] = uris.filter(({ scheme }) => scheme !== 'file');
  if (elsewhere !== undefined) {
    void vscode.window.showErrorMessage(
      vscode.l10n.t('{0} is not on this computer. The lab runs here and can only use local files.', elsewhere.path),
    );
  }
  return uris.filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => fsPath);
}

function startFolder(): vscode.Uri {
  const uri = vscode.workspace.workspaceFolders?.[0]?.uri;
  return uri?.scheme === 'file' ? uri : vscode.Uri.file(homedir());
}

function titleOf(list: LabList | 'model'): string {
  switch (list) {
    case 'records':
      return vscode.l10n.t('Add files of questions with answers');
    case 'questions':
      return vscode.l10n.t('Add files of questions');
    case 'code':
      return vscode.l10n.t('Add folders of code to ask about');
    case 'tasks':
      return vscode.l10n.t('Choose the file of tasks with known answers');
    case 'model':
      return vscode.l10n.t('Choose a GGUF file');
  }
}

function filtersOf(list: LabList | 'model'): Record<string, string[]> {
  if (list === 'model') return { [vscode.l10n.t('GGUF models')]: ['gguf'] };
  const data = ['jsonl', 'json', 'parquet', 'gz', ...(list === 'questions' ? ['txt'] : [])];
  return { [vscode.l10n.t('Data')]: data, [vscode.l10n.t('All files')]: ['*'] };
}
