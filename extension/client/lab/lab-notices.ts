/**
 * Shows a run outside the tab. A run continues when the tab is hidden or closed, as a task does: the status bar shows
 * it, closing the tab shows a notification with Cancel, and a notification reports the end when the tab is not visible.
 */
import * as vscode from 'vscode';
import { formatDuration } from '../../protocol/format.ts';
import type { LabStepName } from '../../protocol/lab.ts';
import type { LabRunView } from '../../protocol/lab-view.ts';
import type { CommandId } from '../contributions/commands.ts';
import { runCommand } from '../lib/commands.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { LabPanel } from './lab-panel.ts';
import type { LabOutcome, LabService } from './lab-service.ts';

export function createLabNotices(lab: LabService, panel: LabPanel): Disposable {
  const store = new DisposableStore();
  const item = store.add(vscode.window.createStatusBarItem('paddock.lab', vscode.StatusBarAlignment.Right, 99));
  item.name = vscode.l10n.t('Paddock Lab');
  item.command = 'paddock.lab.show' satisfies CommandId;
  const update = (): void => {
    const { run } = lab;
    if (run === undefined) {
      item.hide();
      return;
    }
    const text = runText(run);
    item.text = `$(beaker) ${text}`;
    item.tooltip = [lab.lab?.project.title, detailText(run)]
      .filter((line) => line !== undefined && line !== '')
      .join('\n');
    item.accessibilityInformation = { label: `${vscode.l10n.t('Paddock Lab')}: ${text}`, role: 'button' };
    item.show();
  };
  store.add(
    lab.onDidChange(({ kind }) => {
      if (kind === 'run' || kind === 'progress') update();
    }),
  );
  store.add(panel.onDidChangeOpen((open) => void (!open && lab.run !== undefined && showProgress(lab, panel))));
  store.add(
    lab.onDidEnd((outcome) => {
      if (!panel.isVisible) void tellEnd(lab, outcome);
    }),
  );
  return store;
}

/** Open until the run ends or the tab is visible again. */
async function showProgress(lab: LabService, panel: LabPanel): Promise<void> {
  const store = new DisposableStore();
  const title = vscode.l10n.t('Lab: {0}', lab.lab?.project.title ?? '');
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (progress, token) =>
      new Promise<void>((resolve) => {
        const update = (): void => {
          if (lab.run !== undefined) progress.report({ message: detailText(lab.run) });
        };
        update();
        store.add(token.onCancellationRequested(() => lab.stop()));
        store.add(lab.onDidChange(update));
        store.add(lab.onDidEnd(() => resolve()));
        store.add(panel.onDidChangeOpen((open) => open && resolve()));
      }),
  );
  store.dispose();
}

async function tellEnd(lab: LabService, outcome: LabOutcome): Promise<void> {
  const title = lab.lab?.project.title ?? '';
  const show = vscode.l10n.t('Show Lab');
  const tell = (): Thenable<string | undefined> | undefined => {
    switch (outcome) {
      case 'done':
        return vscode.window.showInformationMessage(vscode.l10n.t('“{0}” is done.', title), show);
      case 'failed':
        return vscode.window.showErrorMessage(
          vscode.l10n.t('“{0}” failed: {1}', title, lab.error?.message ?? ''),
          show,
        );
      case 'stopped':
        return undefined;
    }
  };
  if ((await tell()) === show) await runCommand('paddock.lab.show');
}

function runText({ stopping, paused, progress }: LabRunView): string {
  if (stopping) return vscode.l10n.t('Lab: stopping');
  if (paused) return vscode.l10n.t('Lab: waiting for the chat');
  if (progress === undefined) return vscode.l10n.t('Lab: starting');
  return vscode.l10n.t('Lab: {0}, {1} %', stepName(progress.step), Math.floor(100 * progress.fraction));
}

function stepName(step: LabStepName): string {
  switch (step) {
    case 'collect':
      return vscode.l10n.t('asking');
    case 'curate':
      return vscode.l10n.t('curating');
    case 'train':
      return vscode.l10n.t('training');
    case 'release':
      return vscode.l10n.t('writing the model');
    case 'evaluate':
      return vscode.l10n.t('comparing');
  }
}

function detailText({ progress }: LabRunView): string {
  if (progress === undefined) return '';
  const { words, remainingSeconds } = progress;
  return remainingSeconds === undefined
    ? words
    : `${words} · ${vscode.l10n.t('{0} left', formatDuration(remainingSeconds))}`;
}
