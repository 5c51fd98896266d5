/** The bar above a proposed edit: what it is, its state, and what can be done with it, in words. */
import * as vscode from 'vscode';
import { formatDuration } from '../../protocol/format.ts';
import type { CommandId } from '../contributions/commands.ts';
import { formatCount } from '../lib/format-count.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { Proposal, ProposalNote, WritingProgress } from './proposal.ts';
import type { Proposals } from './proposals.ts';

/** VS Code asks again only after a rest, so a bar that changes all the time would never be drawn. */
const refreshMs = 400;
/** Longer titles are cut. */
const mostTitleCharacters = 48;

export class ProposalLenses implements vscode.CodeLensProvider, Disposable {
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new vscode.EventEmitter<void>());
  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly #proposals: Proposals;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawn = '';

  constructor(proposals: Proposals) {
    this.#proposals = proposals;
    this.#store.add(proposals.onDidChange(() => this.#refresh()));
    this.#store.add(vscode.languages.registerCodeLensProvider({ pattern: '**' }, this));
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    return this.#proposals.of(document.uri).flatMap((proposal) => {
      const { line } = document.positionAt(proposal.start);
      const range = new vscode.Range(line, 0, line, 0);
      return lensEntries(proposal).map(
        ({ title, command, tooltip }) =>
          new vscode.CodeLens(range, {
            title,
            command: command ?? '',
            arguments: [proposal.id],
            ...(tooltip === undefined ? {} : { tooltip }),
          }),
      );
    });
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#store.dispose();
  }

  #refresh(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const drawn = JSON.stringify(this.#proposals.all.map((proposal) => [proposal.uri, lensEntries(proposal)]));
      // A bar that is drawn again loses the click that has begun on it.
      if (drawn === this.#drawn) return;
      this.#drawn = drawn;
      this.#changed.fire();
    }, refreshMs);
  }
}

interface Entry {
  readonly title: string;
  /** Without one it is only read. */
  readonly command?: CommandId;
  readonly tooltip?: string;
}

function lensEntries(proposal: Proposal): Entry[] {
  const { state } = proposal;
  switch (state.kind) {
    case 'writing':
      return [
        { title: `$(loading~spin)\u00A0${shortTitle(proposal.title)}: ${progressText(state.progress)}` },
        { title: vscode.l10n.t('Cancel'), command: 'paddock.edit.cancel' },
      ];
    case 'paused':
      return [
        {
          title: `$(debug-pause)\u00A0${shortTitle(proposal.title)}: ${vscode.l10n.t('paused, because these lines were changed')}`,
          tooltip: vscode.l10n.t('Undo the change of these lines to go on.'),
        },
        { title: vscode.l10n.t('Copy Proposed Text'), command: 'paddock.edit.copy' },
        { title: vscode.l10n.t('Reject'), command: 'paddock.edit.reject' },
      ];
    case 'ready':
      return [
        ...noteEntries(proposal, 'warning'),
        { title: readyText(proposal), command: 'paddock.edit.next', tooltip: vscode.l10n.t('Go to the next change') },
        { title: vscode.l10n.t('Accept'), command: 'paddock.edit.accept' },
        { title: vscode.l10n.t('Reject'), command: 'paddock.edit.reject' },
        { title: vscode.l10n.t('Follow Up…'), command: 'paddock.edit.followUp' },
        { title: vscode.l10n.t('Side by Side'), command: 'paddock.edit.compare' },
        ...noteEntries(proposal, 'info'),
      ];
  }
}

function noteEntries({ notes }: Proposal, kind: ProposalNote['kind']): Entry[] {
  return notes.filter((note) => note.kind === kind).map(({ text }) => ({ title: `$(${kind})\u00A0${text}` }));
}

export function readyText({ title, hunks }: Proposal): string {
  const count =
    hunks.length === 1 ? vscode.l10n.t('1 change') : vscode.l10n.t('{0} changes', formatCount(hunks.length));
  return `${shortTitle(title)}: ${count}`;
}

export function shortTitle(title: string): string {
  const line = title.replaceAll(/\s+/gu, ' ').trim();
  return line.length <= mostTitleCharacters ? line : `${line.slice(0, mostTitleCharacters - 1).trimEnd()}…`;
}

export function progressText({ phase, share, remainingSeconds }: WritingProgress): string {
  const words = {
    reading: vscode.l10n.t('reading the code'),
    writing: vscode.l10n.t('writing'),
    repairing: vscode.l10n.t('writing it again'),
  };
  const percent = share === undefined ? '' : ` ${vscode.l10n.t('{0} %', Math.floor(100 * share))}`;
  const left =
    remainingSeconds === undefined ? '' : ` · ${vscode.l10n.t('{0} left', formatDuration(remainingSeconds))}`;
  return words[phase] + percent + left;
}
