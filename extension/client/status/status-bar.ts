/** The status bar item: the state of the engine, and a menu. */
import * as vscode from 'vscode';
import type { GhostText } from '../complete/ghost-text.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import { runCommand } from '../lib/commands.ts';
import type { CommandId } from '../contributions/commands.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { ModelService } from '../models/model-service.ts';
import { statusText } from './status-text.ts';

export function createStatusBar(engine: EngineSupervisor, models: ModelService): Disposable {
  const store = new DisposableStore();
  const item = store.add(vscode.window.createStatusBarItem('paddock.status', vscode.StatusBarAlignment.Right, 100));
  item.name = 'Paddock';
  item.command = 'paddock.showMenu' satisfies CommandId;
  const update = (): void => {
    const { text, label, tooltip, severity } = statusText(engine.state, engine.completion, models.view, vscode.l10n.t);
    item.text = text;
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: `${label}. ${tooltip}`, role: 'button' };
    item.backgroundColor =
      severity === 'normal' ? undefined : new vscode.ThemeColor(`statusBarItem.${severity}Background`);
  };
  update();
  store.add(engine.onDidChangeState(update));
  store.add(engine.onDidChangeCompletion(update));
  store.add(models.onDidChange(update));
  item.show();
  return store;
}

/** The menu of the status bar item, with the actions that apply now. */
export async function showMenu(
  engine: EngineSupervisor,
  models: ModelService,
  completions: Pick<GhostText, 'isSnoozing'>,
): Promise<void> {
  const { tooltip, label } = statusText(engine.state, engine.completion, models.view, vscode.l10n.t);
  const items: (vscode.QuickPickItem & { command: CommandId })[] = [
    { label: `$(comment-discussion) ${vscode.l10n.t('Open Chat')}`, command: 'paddock.openChat' },
    { label: `$(server) ${vscode.l10n.t('Choose Model…')}`, command: 'paddock.models.choose' },
    { label: `$(beaker) ${vscode.l10n.t('Open Lab…')}`, command: 'paddock.lab.open' },
    completions.isSnoozing
      ? { label: `$(bell) ${vscode.l10n.t('Resume Completions')}`, command: 'paddock.completions.resume' }
      : {
          label: `$(bell-slash) ${vscode.l10n.t('Snooze Completions for Five Minutes')}`,
          command: 'paddock.completions.snooze',
        },
  ];
  if (engine.state.kind === 'answering' && !engine.isBusyElsewhere) {
    items.unshift({ label: `$(debug-stop) ${vscode.l10n.t('Stop Answering')}`, command: 'paddock.chat.stop' });
  }
  if ([engine.state.kind, engine.completion.kind].some((kind) => kind === 'ready' || kind === 'answering')) {
    items.push({ label: `$(debug-disconnect) ${vscode.l10n.t('Unload Model')}`, command: 'paddock.models.unload' });
  }
  items.push(
    { label: `$(debug-restart) ${vscode.l10n.t('Restart Engine')}`, command: 'paddock.engine.restart' },
    { label: `$(output) ${vscode.l10n.t('Show Log')}`, command: 'paddock.showLog' },
  );
  const choice = await vscode.window.showQuickPick(items, { title: label, placeHolder: tooltip });
  if (choice !== undefined) await runCommand(choice.command);
}
