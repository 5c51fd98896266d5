/** The few members of the built-in git extension's API that are used. Git itself is never started here. */
import * as vscode from 'vscode';

export interface GitChange {
  readonly uri: vscode.Uri;
  readonly status: number;
}

/** A value of the API's `Status`. */
export const untracked = 7;

export interface GitRepository {
  readonly rootUri: vscode.Uri;
  readonly inputBox: { value: string };
  readonly state: {
    readonly workingTreeChanges: readonly GitChange[];
    /** Only with the setting `git.untrackedChanges: separate`. */
    readonly untrackedChanges?: readonly GitChange[];
  };
  /** `cached`: what is staged, else what is not. */
  diff(cached?: boolean): Promise<string>;
  log(options: { readonly maxEntries: number }): Promise<readonly { readonly message: string }[]>;
}

interface GitApi {
  readonly repositories: readonly GitRepository[];
  getRepository(uri: vscode.Uri): GitRepository | null;
}

/** Undefined when the git extension is missing, disabled or has found no git. */
async function gitApi(): Promise<GitApi | undefined> {
  const extension = vscode.extensions.getExtension<{ getAPI(version: 1): GitApi }>('vscode.git');
  if (extension === undefined) return undefined;
  try {
    return (extension.isActive ? extension.exports : await extension.activate()).getAPI(1);
  } catch {
    return undefined;
  }
}

/**
 * The repository whose title bar was used, else the only one, that of the active editor, or the one that the user
 * picks.
 * Says so when there is none.
 */
export async function chooseRepository(sourceControl: unknown): Promise<GitRepository | undefined> {
  const api = await gitApi();
  const repositories = api?.repositories ?? [];
  const root = rootOf(sourceControl);
  if (root !== undefined) return repositories.find(({ rootUri }) => rootUri.toString() === root);
  if (repositories.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no open Git repository.'));
    return undefined;
  }
  const active = vscode.window.activeTextEditor?.document.uri;
  const own = active === undefined ? undefined : api?.getRepository(active);
  if (own) return own;
  if (repositories.length === 1) return repositories[0];
  const items = repositories.map((repository) => ({
    label: repository.rootUri.path.slice(repository.rootUri.path.lastIndexOf('/') + 1),
    description: repository.rootUri.fsPath,
    repository,
  }));
  const placeHolder = vscode.l10n.t('Choose a repository');
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.repository;
}

/** VS Code passes the source control of the title bar whose button was pressed. */
function rootOf(sourceControl: unknown): string | undefined {
  if (typeof sourceControl !== 'object' || sourceControl === null || !('rootUri' in sourceControl)) return undefined;
  return sourceControl.rootUri instanceof vscode.Uri ? sourceControl.rootUri.toString() : undefined;
}
