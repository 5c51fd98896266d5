/** Where and how each hunk of a proposal is shown in its document. */
import * as vscode from 'vscode';
import type { Proposal } from './proposal.ts';

export interface HunkZone {
  /** The zone stands below this line. */
  readonly line: number;
  /** Whole lines that the hunk replaces. */
  readonly removed: vscode.Range | undefined;
  /** What stands in their place; empty when they are only removed. */
  readonly text: string;
  /** What is proposed and where, for the head of the zone and for a screen reader. */
  readonly label: string;
  /** It can be accepted. */
  readonly isReady: boolean;
}

/** In the order of the hunks. */
export function hunkZones(document: vscode.TextDocument, proposal: Proposal): HunkZone[] {
  const { hunks, start, state } = proposal;
  const isReady = state.kind === 'ready';
  return hunks.map(({ start: from, end, text }, index) => {
    const first = document.positionAt(start + from).line;
    const last = document.positionAt(start + end - 1).line;
    const removed =
      end > from ? new vscode.Range(first, 0, last, document.lineAt(last).range.end.character) : undefined;
    const shown = { removed, text, isReady, label: label(index, hunks.length, first, removed) };
    if (removed !== undefined) return { ...shown, line: last };
    if (first > 0) return { ...shown, line: first - 1 };
    // Nothing is above the first line, so the zone below it shows that line too.
    const top = document.lineAt(0);
    if (top.text === '') return { ...shown, line: 0 };
    return { ...shown, removed: top.range, text: text + top.text, line: 0 };
  });
}

function label(index: number, count: number, first: number, removed: vscode.Range | undefined): string {
  const which = count === 1 ? '' : `${vscode.l10n.t('Change {0} of {1}', index + 1, count)} · `;
  if (removed === undefined) {
    return which + (first === 0 ? vscode.l10n.t('New at the top') : vscode.l10n.t('New after line {0}', first));
  }
  const { start, end } = removed;
  if (start.line === end.line) return which + vscode.l10n.t('Instead of line {0}', start.line + 1);
  return which + vscode.l10n.t('Instead of lines {0} to {1}', start.line + 1, end.line + 1);
}
