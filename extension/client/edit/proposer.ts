import * as vscode from 'vscode';
import type { Proposals } from './proposals.ts';

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

export interface EditProposer {
  add(proposal: ProposedEdit): Promise<void>;
}

/** Shows each proposal as a diff. */
export class DiffProposer implements EditProposer {
  readonly #proposals: Proposals;

  constructor(proposals: Proposals) {
    this.#proposals = proposals;
  }

  async add({ uri, start, base, proposed, title }: ProposedEdit): Promise<void> {
    const document = await vscode.workspace.openTextDocument(uri);
    const text = document.getText();
    const end = start + base.length;
    if (text.slice(start, end) !== base) {
      throw new Error(`${uri.path} is not what the proposal was made for.`);
    }
    const cancellation = new vscode.CancellationTokenSource();
    const proposal = await this.#proposals.open({ document, text, start, end, title, cancellation });
    if (!proposal.finish(proposed)) await this.#proposals.reject(proposal);
  }
}
