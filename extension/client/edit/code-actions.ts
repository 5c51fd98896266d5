/**
 * What the light bulb menu offers. The actions carry no arguments: the handlers take the range from the editor, because
 * VS Code may lose a command with arguments that it has to resolve later. None is preferred: VS Code runs those without
 * asking.
 */
import * as vscode from 'vscode';
import type { CommandId } from '../contributions/commands.ts';
import { proposalScheme } from '../contributions/views.ts';
import { readSetting } from '../lib/commands.ts';
import type { Disposable } from '../lib/lifetime.ts';

const { QuickFix, Refactor, RefactorRewrite } = vscode.CodeActionKind;
const kinds = {
  fix: QuickFix.append('paddock'),
  rewrite: RefactorRewrite.append('paddock'),
  document: RefactorRewrite.append('paddock.document'),
  translate: RefactorRewrite.append('paddock.translate'),
  tests: Refactor.append('paddock.tests'),
  explain: Refactor.append('paddock.explain'),
};

export function registerCodeActions(): Disposable {
  return vscode.languages.registerCodeActionsProvider(
    { pattern: '**' },
    { provideCodeActions },
    { providedCodeActionKinds: Object.values(kinds) },
  );
}

function provideCodeActions(
  document: vscode.TextDocument,
  range: vscode.Range | vscode.Selection,
  { diagnostics }: vscode.CodeActionContext,
): vscode.CodeAction[] {
  if (document.uri.scheme === proposalScheme) return [];
  const isOn = readSetting('codeActions', document);
  const offered: vscode.CodeAction[] = [];
  const offer = (name: keyof typeof kinds, title: string, command: CommandId): vscode.CodeAction | undefined => {
    if (!isOn[name]) return undefined;
    const action = new vscode.CodeAction(title, kinds[name]);
    action.command = { title, command };
    offered.push(action);
    return action;
  };
  const canEdit = vscode.workspace.isTrusted;
  if (canEdit && diagnostics.length > 0) {
    const fix = offer('fix', vscode.l10n.t('Fix with Paddock'), 'paddock.edit.fix');
    if (fix !== undefined) fix.diagnostics = [...diagnostics];
  }
  if (range.isEmpty) return offered;
  if (canEdit) {
    offer('rewrite', vscode.l10n.t('Rewrite with Paddock…'), 'paddock.edit.rewrite');
    offer('document', vscode.l10n.t('Document with Paddock'), 'paddock.edit.document');
    offer('translate', vscode.l10n.t('Translate Comments with Paddock…'), 'paddock.edit.translate');
    offer('tests', vscode.l10n.t('Write Tests with Paddock'), 'paddock.edit.tests');
  }
  offer('explain', vscode.l10n.t('Explain with Paddock'), 'paddock.edit.explain');
  return offered;
}
