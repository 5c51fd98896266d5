/** Shows the report of a project: a page that needs no script, and gets none. */
import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import { underPolicy } from './report-policy.ts';

/** It holds text of a model, and whoever made the project folder may have written it. */
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
