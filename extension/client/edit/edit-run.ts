/** Asks the engine for an edit, and feeds what it writes to a proposal. */
import * as vscode from 'vscode';
import { Edit, EditProgress, type EditParams, type EditPart, type EditResult } from '../../protocol/server.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import { EngineError } from '../lib/engine-error.ts';
import { formatCount } from '../lib/format-count.ts';
import type { ModelService } from '../models/model-service.ts';
import type { Proposal, ProposalNote, WritingProgress, WrittenPart } from './proposal.ts';
import type { Proposals } from './proposals.ts';
import { wholeLines } from './whole-lines.ts';

/** A request for an edit, and the code it is about. */
export interface EditAsk extends Omit<EditParams, 'path' | 'languageId' | 'text' | 'start' | 'end'> {
  readonly document: vscode.TextDocument;
  /** Empty for the function around the cursor. */
  readonly range: vscode.Range;
  /** The request in the user's words. */
  readonly title: string;
  /** With earlier questions that led to it. */
  readonly asked: readonly string[];
}

/** More text around the selection than any context holds; the engine trims it to its budget. */
const longestSurroundings = 200_000;

export class EditRunner {
  readonly #engine: EngineSupervisor;
  readonly #models: ModelService;
  readonly #proposals: Proposals;

  constructor(engine: EngineSupervisor, models: ModelService, proposals: Proposals) {
    this.#engine = engine;
    this.#models = models;
    this.#proposals = proposals;
  }

  /** Rejects with `noModel` when there is none. */
  async loadModel(): Promise<void> {
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Loading the model…') },
      () => this.#models.ensureLoaded(),
    );
  }

  /** Settles when the proposal is complete, or gone. Rejects with an error in words; a cancelled edit is no error. */
  async run(ask: EditAsk): Promise<void> {
    // Before anything is shown: a failure leaves nothing behind.
    await this.loadModel();
    const cancellation = new vscode.CancellationTokenSource();
    const writer = new ProposalWriter(ask, this.#proposals, cancellation);
    try {
      const result = await this.#engine.request(Edit, writer.params, {
        token: cancellation.token,
        progress: { type: EditProgress, onPart: (part) => writer.onPart(part) },
      });
      writer.finish(result);
    } catch (error) {
      // Dropping a proposal cancels as well.
      const isCancelled = cancellation.token.isCancellationRequested;
      writer.drop();
      if (!isCancelled) throw error;
    } finally {
      cancellation.dispose();
    }
  }
}

class ProposalWriter {
  readonly params: EditParams;
  readonly #ask: EditAsk;
  readonly #proposals: Proposals;
  readonly #cancellation: vscode.CancellationTokenSource;
  /** The document when the edit was asked for, and where the part of it begins that the engine got. */
  readonly #text: string;
  readonly #from: number;
  readonly #firstLine: number;
  #proposal: Proposal | undefined;
  #part: WrittenPart = { head: '', tail: '', eol: '\n' };
  #isRepair = false;
  #writingSince: number | undefined;

  constructor(ask: EditAsk, proposals: Proposals, cancellation: vscode.CancellationTokenSource) {
    const { document, range, title: _, asked: __, ...question } = ask;
    this.#ask = ask;
    this.#proposals = proposals;
    this.#cancellation = cancellation;
    const part = partAround(document, range);
    this.#text = part.text;
    this.#from = part.from;
    this.#firstLine = part.firstLine;
    this.params = {
      ...question,
      path: vscode.workspace.asRelativePath(document.uri),
      languageId: document.languageId,
      text: part.text.slice(part.from, part.to),
      start: part.start - part.from,
      end: part.end - part.from,
      diagnostics: ask.diagnostics.map(({ line, ...rest }) => ({ ...rest, line: line - part.firstLine })),
    };
  }

  onPart(part: EditPart): void {
    switch (part.kind) {
      case 'range':
        return this.#begin(this.#from + part.start, this.#from + part.end);
      case 'prefill':
        return this.#report('reading', part.total > 0 ? part.done / part.total : undefined, part.remainingSeconds);
      case 'again':
        this.#isRepair = true;
        this.#proposal?.restart();
        return this.#report('repairing');
      case 'text':
        this.#proposal?.append(part.text, this.#part);
        return this.#reportWriting();
    }
  }

  finish(result: EditResult): void {
    const proposal = this.#proposal;
    if (proposal === undefined || this.#proposals.get(proposal.id) === undefined) return;
    if (result.finishReason === 'cancelled') return this.drop();
    if (result.finishReason === 'length') {
      throw new EngineError(
        'promptTooLong',
        vscode.l10n.t('The new code did not fit into the context of the model. Select less code and try again.'),
      );
    }
    const { head, tail, eol } = this.#part;
    const proposed = head + result.replacement.replaceAll(/\r?\n/gu, eol) + tail;
    if (this.#proposals.finish(proposal, proposed, this.#notes(result))) return;
    void vscode.window.showInformationMessage(vscode.l10n.t('The model proposes no change.'));
  }

  /** Nothing is left of it. */
  drop(): void {
    if (this.#proposal !== undefined) this.#proposals.reject(this.#proposal);
  }

  #begin(start: number, end: number): void {
    const { document, title, asked } = this.#ask;
    const [from, to] = wholeLines(this.#text, start, end);
    this.#part = {
      head: this.#text.slice(from, start),
      tail: this.#text.slice(end, to),
      eol: document.eol === vscode.EndOfLine.CRLF ? '\r\n' : '\n',
    };
    const base = this.#text.slice(from, to);
    this.#proposal = this.#proposals.begin(
      {
        uri: document.uri.toString(),
        languageId: document.languageId,
        title,
        start: from,
        base,
        proposed: base,
        notes: [],
        asked,
      },
      this.#cancellation,
    );
    this.#report('reading');
  }

  #report(phase: WritingProgress['phase'], share?: number, remainingSeconds?: number): void {
    if (this.#proposal === undefined) return;
    this.#proposal.report({ phase, share, remainingSeconds });
    this.#proposals.update(this.#proposal);
  }

  /** An edit is about as long as what it replaces. */
  #reportWriting(): void {
    const { base = '', writtenLength = 0 } = this.#proposal ?? {};
    this.#writingSince ??= performance.now();
    const seconds = (performance.now() - this.#writingSince) / 1000;
    const share = writtenLength / Math.max(base.length, 1);
    const isKnown = share > 0.02 && share < 0.98 && !this.#isRepair;
    this.#report(
      this.#isRepair ? 'repairing' : 'writing',
      isKnown ? share : undefined,
      isKnown && seconds > 1 ? Math.ceil((seconds / share) * (1 - share)) : undefined,
    );
  }

  #notes(result: EditResult): ProposalNote[] {
    const notes: ProposalNote[] = [];
    if (result.syntax.kind === 'broken') {
      const line = formatCount(this.#firstLine + result.syntax.line);
      notes.push({ kind: 'warning', text: vscode.l10n.t('Syntax error near line {0}: check before you accept', line) });
    }
    const { start, end } = this.params;
    if (start < end && (result.start < start || result.end > end)) {
      notes.push({ kind: 'info', text: vscode.l10n.t('Selection extended to whole statements') });
    }
    if (result.omitted.length > 0) {
      notes.push({ kind: 'info', text: vscode.l10n.t('The model did not see the whole file') });
    }
    return notes;
  }
}

/** The part of a document to send: all of it, or the lines around the selection. Offsets are those of the document. */
function partAround(document: vscode.TextDocument, range: vscode.Range) {
  const text = document.getText();
  const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
  const [first, last] = [start - longestSurroundings, end + longestSurroundings];
  const from = first <= 0 ? 0 : text.indexOf('\n', first) + 1;
  const to = last >= text.length ? text.length : text.lastIndexOf('\n', last) + 1;
  return { text, start, end, from, to, firstLine: document.positionAt(from).line };
}
