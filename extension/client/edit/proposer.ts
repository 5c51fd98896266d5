/** Proposals that do not come from a question about code in the editor. */
import * as vscode from 'vscode';
import type { Proposal } from './proposal.ts';
import type { Proposals } from './proposals.ts';
import { wholeLines } from './whole-lines.ts';

/** A change of a part of a document that the user may accept. */
export interface ProposedEdit {
  readonly uri: vscode.Uri;
  /** Where `base` begins, in UTF-16 units. */
  readonly start: number;
  /** What stands there now; empty for an insertion. */
  readonly base: string;
  readonly proposed: string;
  readonly title: string;
}

export class EditProposer {
  readonly #proposals: Proposals;
  readonly #show: (proposal: Proposal) => Promise<void>;

  /** `show` brings a proposal in front of the user. */
  constructor(proposals: Proposals, show: (proposal: Proposal) => Promise<void>) {
    this.#proposals = proposals;
    this.#show = show;
  }

  /** Throws when the document has changed. */
  async add({ uri, start, base, proposed, title }: ProposedEdit): Promise<void> {
    const document = await vscode.workspace.openTextDocument(uri);
    const text = document.getText();
    const end = start + base.length;
    if (text.slice(start, end) !== base) {
      throw new Error(vscode.l10n.t('{0} was changed meanwhile. Try again.', vscode.workspace.asRelativePath(uri)));
    }
    const eol = document.eol === vscode.EndOfLine.CRLF ? '\r\n' : '\n';
    const [from, to] = wholeLines(text, start, end);
    const proposal = this.#proposals.add({
      uri: uri.toString(),
      languageId: document.languageId,
      title,
      start: from,
      base: text.slice(from, to),
      proposed: text.slice(from, start) + proposed.replaceAll(/\r?\n/gu, eol) + text.slice(end, to),
      notes: [],
      asked: [],
    });
    await this.#show(proposal);
  }
}
