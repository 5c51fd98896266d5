/** Which document a block of the chat is for. Nothing outside of the workspace is ever found. */
import * as vscode from 'vscode';
import type { CodeOrigin } from '../../protocol/webview.ts';
import { proposalScheme } from '../contributions/views.ts';
import { namedPaths, partsWithin } from './code-path.ts';
import { isInside } from './inside.ts';
import { likeliest } from './likeliest.ts';

export type CodeTarget =
  | { readonly kind: 'document'; readonly document: vscode.TextDocument }
  /** The answer names a file that is not there. */
  | { readonly kind: 'newFile'; readonly uri: vscode.Uri };

const mostDocuments = 30;
const longestDocument = 500_000;

/** The file that the answer names, else the open or attached one that is most like the code. */
export async function findTarget(
  { info, lead }: Pick<CodeOrigin, 'info' | 'lead'>,
  code: string,
  attached: readonly vscode.Uri[],
): Promise<CodeTarget | undefined> {
  const known = await knownDocuments(attached);
  let wish: vscode.Uri | undefined;
  for (const { path, mayBeNew } of namedPaths(info, lead)) {
    const uris = await inWorkspace(path);
    for (const uri of uris) if (await isFile(uri)) return { kind: 'document', document: await open(uri) };
    const sameEnd = known.filter(({ uri }) => uri.path.endsWith(`/${path}`));
    if (sameEnd[0] !== undefined && sameEnd.length === 1) return { kind: 'document', document: sameEnd[0] };
    if (mayBeNew) wish ??= uris[0];
  }
  if (wish !== undefined) return { kind: 'newFile', uri: wish };
  const texts = known.map((document) => document.getText());
  const document = known[likeliest(code, texts) ?? -1];
  return document === undefined ? undefined : { kind: 'document', document };
}

/** Attached ones first, then those of the visible editors and of all tabs. */
export async function knownDocuments(attached: readonly vscode.Uri[]): Promise<vscode.TextDocument[]> {
  const { activeTextEditor: active, visibleTextEditors: visible, tabGroups } = vscode.window;
  const tabs = tabGroups.all.flatMap((group) => group.tabs).map(({ input }) => input);
  const uris = [
    ...attached,
    ...(active === undefined ? [] : [active.document.uri]),
    ...visible.map(({ document }) => document.uri),
    ...tabs.flatMap((input) => (input instanceof vscode.TabInputText ? [input.uri] : [])),
  ].filter((uri, index, all) => all.findIndex((other) => other.toString() === uri.toString()) === index);
  const documents: vscode.TextDocument[] = [];
  for (const uri of uris.slice(0, mostDocuments)) {
    if (!(await mayChange(uri))) continue;
    const document = await open(uri).catch(() => undefined);
    if (document !== undefined && document.getText().length <= longestDocument) documents.push(document);
  }
  return documents;
}

/** In the workspace, or not saved yet; with no folder open, what is open in an editor. */
async function mayChange(uri: vscode.Uri): Promise<boolean> {
  if (uri.scheme === 'untitled') return true;
  if (uri.scheme === proposalScheme || vscode.workspace.fs.isWritableFileSystem(uri.scheme) !== true) return false;
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  if (folder !== undefined) return isReallyInside(uri, folder.uri);
  const hasFolder = (vscode.workspace.workspaceFolders ?? []).length > 0;
  return !hasFolder && vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri.toString());
}

/** Where a path may lead: with several folders it may begin with the name of one. */
async function inWorkspace(path: string): Promise<vscode.Uri[]> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const uris: vscode.Uri[] = [];
  for (const folder of folders) {
    const parts = partsWithin(path, folder.uri.path);
    if (parts === undefined) continue;
    const isNamed = folders.length > 1 && parts.length > 1 && parts[0] === folder.name;
    const uri = vscode.Uri.joinPath(folder.uri, ...(isNamed ? parts.slice(1) : parts));
    if (await isReallyInside(uri, folder.uri)) uris.push(uri);
  }
  return uris;
}

async function isReallyInside(uri: vscode.Uri, folder: vscode.Uri): Promise<boolean> {
  return uri.scheme !== 'file' || isInside(uri.fsPath, folder.fsPath);
}

async function isFile(uri: vscode.Uri): Promise<boolean> {
  try {
    return ((await vscode.workspace.fs.stat(uri)).type & vscode.FileType.File) !== 0;
  } catch {
    return false;
  }
}

async function open(uri: vscode.Uri): Promise<vscode.TextDocument> {
  return vscode.workspace.openTextDocument(uri);
}
