/**
 * Explain, Refactor and Fix in the light bulb menu. The actions carry no arguments: the handlers take the range
 * from the editor, because VS Code may lose a command with arguments that it has to resolve later.
 */
import * as vscode from 'vscode';
import type { CommandId } from '../contributions/commands.ts';
import { readSetting } from '../lib/commands.ts';
import type { Disposable } from '../lib/lifetime.ts';
import { proposalScheme } from '../contributions/views.ts';

const rewrite = vscode.CodeActionKind.RefactorRewrite.append('paddock');
const quickFix = vscode.CodeActionKind.QuickFix.append('paddock');

export function registerCodeActions(): Disposable {
  return vscode.languages.registerCodeActionsProvider(
    { pattern: '**' },
    { provideCodeActions },
    { providedCodeActionKinds: [rewrite, quickFix] },
  );
}

function provideCodeActions(
  document: vscode.TextDocument,
  range: vscode.Range | vscode.Selection,
  context: vscode.CodeActionContext,
): vscode.CodeAction[] {
  if (document.uri.scheme === proposalScheme || !readSetting('codeActions', document)) return [];
  const actions: vscode.CodeAction[] = [];
  const editable = vscode.workspace.isTrusted;
  if (editable && context.diagnostics.length > 0) {
    const fix = action(vscode.l10n.t('Fix with Paddock'), quickFix, 'paddock.edit.fix');
    fix.diagnostics = [...context.diagnostics];
    actions.push(fix);
  }
  if (!range.isEmpty) {
    if (editable) actions.push(action(vscode.l10n.t('Rewrite with Paddock…'), rewrite, 'paddock.edit.rewrite'));
    actions.push(action(vscode.l10n.t('Explain with Paddock'), rewrite, 'paddock.edit.explain'));
  }
  return actions;
}

function action(title: string, kind: vscode.CodeActionKind, command: CommandId): vscode.CodeAction {
  const result = new vscode.CodeAction(title, kind);
  result.command = { title, command };
  return result;
}
