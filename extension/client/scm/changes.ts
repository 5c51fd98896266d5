/** The contents of the next commit: the staged changes, else everything in the working tree. */
import { relative } from 'node:path/posix';
import * as vscode from 'vscode';
import type { ChangedFile } from '../../protocol/server.ts';
import { newFile, readDiff } from './diff.ts';
import { untracked, type GitRepository } from './git-api.ts';

const mostNewFiles = 50;
const longestNewFile = 100_000;

export async function readChanges(repository: GitRepository): Promise<ChangedFile[]> {
  const staged = readDiff(await repository.diff(true));
  if (staged.length > 0) return staged;
  const changed = readDiff(await repository.diff(false));
  return [...changed, ...(await newFiles(repository))];
}

/** Git's diff leaves out files that it does not know, and committing everything adds them. */
async function newFiles({ rootUri, state }: GitRepository): Promise<ChangedFile[]> {
  const uris = [...state.workingTreeChanges, ...(state.untrackedChanges ?? [])]
    .filter(({ status }) => status === untracked)
    .map(({ uri }) => uri);
  return Promise.all(
    uris.slice(0, mostNewFiles).map(async (uri) => newFile(relative(rootUri.path, uri.path), await textOf(uri))),
  );
}

/** Empty for what is no file or too large to read. */
async function textOf(uri: vscode.Uri): Promise<string> {
  try {
    const { type, size } = await vscode.workspace.fs.stat(uri);
    if (type !== vscode.FileType.File || size > longestNewFile) return '';
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  } catch {
    return '';
  }
}
