/** Shows the report of a project: a page that needs no script, and gets none. */
import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import { underPolicy } from './report-policy.ts';

/** The page is untrusted: it holds text of a model, and the project folder may come from anybody. */
export async function showReport(path: string): Promise<void> {
  const page = await readFile(path, 'utf8');
  const panel = vscode.window.createWebviewPanel(
    'paddock.labReport',
    vscode.l10n.t('Lab Report'),
    { viewColumn: vscode.ViewColumn.Active },
    { enableScripts: false, enableForms: false, localResourceRoots: [], enableFindWidget: true },
  );
  panel.webview.html = underPolicy(page);
}
