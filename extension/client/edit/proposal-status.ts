/** The status bar item with the number of proposed edits, and the list that it opens. */
import * as vscode from 'vscode';
import type { CommandId } from '../contributions/commands.ts';
import { formatCount } from '../lib/format-count.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { Proposal } from './proposal.ts';
import { progressText, readyText, shortTitle } from './proposal-lenses.ts';
import type { Proposals } from './proposals.ts';

export function createProposalStatus(proposals: Proposals): Disposable {
  const store = new DisposableStore();
  const item = store.add(vscode.window.createStatusBarItem('paddock.edits', vscode.StatusBarAlignment.Right, 101));
  item.name = vscode.l10n.t('Paddock: Proposed Edits');
  item.command = 'paddock.edit.show' satisfies CommandId;
  const update = (): void => {
    const { all } = proposals;
    if (all.length === 0) return item.hide();
    const count = all.length === 1 ? vscode.l10n.t('1 edit') : vscode.l10n.t('{0} edits', formatCount(all.length));
    const writing = all.find(({ state }) => state.kind === 'writing');
    item.text = `$(${writing === undefined ? 'diff' : 'loading~spin'}) ${count}`;
    item.tooltip = vscode.l10n.t('Show proposed edits');
    item.accessibilityInformation = { label: all.map(describe).join('. '), role: 'button' };
    item.show();
  };
  update();
  store.add(proposals.onDidChange(update));
  return store;
}

/** Undefined when there is none, or none was chosen. */
export async function pickProposal(proposals: Proposals): Promise<Proposal | undefined> {
  const { all } = proposals;
  if (all.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no proposed edit.'));
    return undefined;
  }
  if (all.length === 1) return all[0];
  const items = all.map((proposal) => ({
    label: readyText(proposal),
    description: vscode.workspace.asRelativePath(vscode.Uri.parse(proposal.uri)),
    detail: stateText(proposal),
    proposal,
  }));
  const choice = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Proposed Edits'),
    placeHolder: vscode.l10n.t('Choose the edit to show'),
    matchOnDescription: true,
  });
  return choice?.proposal;
}

function describe(proposal: Proposal): string {
  const file = vscode.workspace.asRelativePath(vscode.Uri.parse(proposal.uri));
  return vscode.l10n.t('{0} in {1}: {2}', shortTitle(proposal.title), file, stateText(proposal));
}

function stateText({ state }: Proposal): string {
  switch (state.kind) {
    case 'writing':
      return progressText(state.progress);
    case 'ready':
      return vscode.l10n.t('ready to accept');
    case 'paused':
      return state.reason === 'missing'
        ? vscode.l10n.t('paused, because the file is not open or is gone')
        : vscode.l10n.t('paused, because these lines were changed');
  }
}
