/**
 * The proposed edits of a workspace: which there are, how they follow their documents, what is written when one is
 * accepted, and what is kept on disk. Nothing here shows them. A document changes only in `accept` and `acceptHunk`.
 */
import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { Hunk } from './hunks.ts';
import { Proposal, type ProposalNote, type ProposalRecord, type WritingProgress } from './proposal.ts';
import type { ProposalFiles } from './proposal-files.ts';
import { relocate } from './relocate.ts';

/** What the user types beside a proposal is saved after a pause. */
const saveDelayMs = 1000;

interface ProposalsOptions {
  readonly files: ProposalFiles;
  /** Sorted by time. */
  readonly newId: () => string;
  /** The disk failed. */
  readonly onDiskError: (error: unknown) => void;
}

/** What was written into a document. */
export interface Written {
  readonly document: vscode.TextDocument;
  /** Offsets of the lines that the proposal is about, now. */
  readonly start: number;
  readonly length: number;
}

export class Proposals implements Disposable {
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new vscode.EventEmitter<Proposal>());
  /** A proposal is new, was changed, or is gone. */
  readonly onDidChange = this.#changed.event;
  readonly #began = this.#store.add(new vscode.EventEmitter<Proposal>());
  /** A proposal was asked for in this session. */
  readonly onDidBegin = this.#began.event;
  readonly #willWrite = this.#store.add(new vscode.EventEmitter<vscode.TextDocument>());
  readonly onWillWrite = this.#willWrite.event;
  readonly #wrote = this.#store.add(new vscode.EventEmitter<Written>());
  readonly onDidWrite = this.#wrote.event;
  readonly #files: ProposalFiles;
  readonly #newId: () => string;
  readonly #onDiskError: (error: unknown) => void;
  readonly #open = new Map<string, Proposal>();
  /** The last one at the end. */
  readonly #rejected: ProposalRecord[] = [];
  /** Of those that are written. */
  readonly #writing = new Map<string, vscode.CancellationTokenSource>();
  /** Of those that must be saved. */
  readonly #saveTimers = new Map<string, ReturnType<typeof setTimeout>>();
  /** What this class itself writes into a document is not followed. */
  #applying: Proposal | undefined;

  constructor({ files, newId, onDiskError }: ProposalsOptions) {
    this.#files = files;
    this.#newId = newId;
    this.#onDiskError = onDiskError;
    const { workspace } = vscode;
    this.#store.add(workspace.onDidChangeTextDocument((event) => this.#onDocumentChanged(event)));
    this.#store.add(workspace.onDidOpenTextDocument((document) => this.#onDocumentOpened(document)));
    this.#store.add(workspace.onDidRenameFiles(({ files: renamed }) => this.#onRenamed(renamed)));
    this.#store.add(workspace.onDidDeleteFiles(({ files: deleted }) => this.#onDeleted(deleted)));
  }

  /** The oldest first. */
  get all(): readonly Proposal[] {
    return [...this.#open.values()];
  }

  get rejected(): readonly ProposalRecord[] {
    return this.#rejected;
  }

  get(id: string): Proposal | undefined {
    return this.#open.get(id);
  }

  /** From the top of the document to its end. */
  of(uri: vscode.Uri): readonly Proposal[] {
    return ofUri(this.all, uri).sort((a, b) => a.start - b.start);
  }

  /** Those that an earlier session left. */
  async load(): Promise<void> {
    const { open, rejected } = await this.#files.readAll();
    this.#rejected.unshift(...rejected);
    for (const record of open) {
      if (this.#open.has(record.id)) continue;
      const proposal = new Proposal(record, { kind: 'paused', reason: 'missing' });
      this.#open.set(record.id, proposal);
      const document = openDocument(record.uri);
      if (document !== undefined) settle(proposal, document);
      this.#changed.fire(proposal);
    }
  }

  /** A proposal that is being written. Those of the same lines are put away. Rejecting it cancels `cancellation`. */
  begin(record: Omit<ProposalRecord, 'id'>, cancellation: vscode.CancellationTokenSource): Proposal {
    this.#putAwayOverlapping(record);
    const progress: WritingProgress = { phase: 'reading' };
    const proposal = new Proposal({ ...record, id: this.#newId() }, { kind: 'writing', progress });
    this.#open.set(proposal.id, proposal);
    this.#writing.set(proposal.id, cancellation);
    this.#changed.fire(proposal);
    this.#began.fire(proposal);
    return proposal;
  }

  /** A complete proposal. */
  add(record: Omit<ProposalRecord, 'id'>): Proposal {
    this.#putAwayOverlapping(record);
    const proposal = new Proposal({ ...record, id: this.#newId() });
    this.#open.set(proposal.id, proposal);
    this.#recheck(proposal);
    this.#saveNow(proposal);
    this.#changed.fire(proposal);
    this.#began.fire(proposal);
    return proposal;
  }

  /** Its text has changed while it is written. */
  update(proposal: Proposal): void {
    if (this.#open.has(proposal.id)) this.#changed.fire(proposal);
  }

  /** False when it changes nothing: then it is gone. */
  finish(proposal: Proposal, proposed: string, notes: readonly ProposalNote[]): boolean {
    if (!this.#open.has(proposal.id)) return true;
    this.#endWriting(proposal);
    if (!proposal.finish(proposed, notes)) {
      this.#forget(proposal);
      return false;
    }
    this.#recheck(proposal);
    this.#saveNow(proposal);
    this.#changed.fire(proposal);
    return true;
  }

  /** Writes all hunks, as one undo step. False when the document has changed so that they do not fit. */
  accept(proposal: Proposal): Promise<boolean> {
    return this.#apply(proposal, proposal.hunks, () => this.#remove(proposal));
  }

  /** Writes one hunk, as one undo step. */
  acceptHunk(proposal: Proposal, hunk: Hunk): Promise<boolean> {
    return this.#apply(proposal, [hunk], () => {
      proposal.accepted(hunk);
      this.#onDecided(proposal);
    });
  }

  rejectHunk(proposal: Proposal, hunk: Hunk): void {
    if (proposal.hunks.length <= 1) return this.reject(proposal);
    proposal.reject(hunk);
    this.#onDecided(proposal);
  }

  /** Drops it. One that is still written is cancelled; a complete one can be brought back. */
  reject(proposal: Proposal): void {
    if (!this.#open.has(proposal.id)) return;
    if (this.#writing.has(proposal.id)) {
      this.#endWriting(proposal);
      this.#forget(proposal);
      return;
    }
    this.#rejected.push(proposal.record);
    this.#keepOnDisk(this.#files.save(proposal.record).then(() => this.#files.reject(proposal.id)));
    this.#forget(proposal);
  }

  /** Brings back the edit that was rejected last. */
  restore(): Proposal | undefined {
    const record = this.#rejected.pop();
    if (record === undefined) return undefined;
    this.#putAwayOverlapping(record);
    const proposal = new Proposal(record);
    this.#open.set(record.id, proposal);
    this.#keepOnDisk(this.#files.bringBack(record.id));
    this.#recheck(proposal);
    this.#changed.fire(proposal);
    return proposal;
  }

  /** Looks for the place of a paused proposal in its document again. */
  async locate(proposal: Proposal): Promise<vscode.TextDocument | undefined> {
    const uri = vscode.Uri.parse(proposal.uri, true);
    try {
      const document = await vscode.workspace.openTextDocument(uri);
      settle(proposal, document);
      this.#changed.fire(proposal);
      return document;
    } catch {
      proposal.check(() => undefined);
      this.#changed.fire(proposal);
      return undefined;
    }
  }

  /** Settles when all is on disk. */
  async shutDown(): Promise<void> {
    for (const id of this.#saveTimers.keys()) {
      const proposal = this.#open.get(id);
      if (proposal !== undefined) this.#saveNow(proposal);
    }
    await this.#files.settled();
  }

  dispose(): void {
    for (const source of this.#writing.values()) source.cancel();
    for (const timer of this.#saveTimers.values()) clearTimeout(timer);
    this.#store.dispose();
  }

  async #apply(proposal: Proposal, hunks: readonly Hunk[], done: () => void): Promise<boolean> {
    if (proposal.state.kind === 'writing' || !vscode.workspace.isTrusted) return false;
    const document = await this.locate(proposal);
    if (document === undefined || proposal.state.kind !== 'ready') return false;
    const edit = new vscode.WorkspaceEdit();
    for (const hunk of hunks) edit.replace(document.uri, hunkRange(document, proposal, hunk), hunk.text);
    this.#willWrite.fire(document);
    const growth = hunks.reduce((sum, hunk) => sum + hunk.text.length - (hunk.end - hunk.start), 0);
    const written = { document, start: proposal.start, length: proposal.base.length + growth };
    this.#applying = proposal;
    try {
      if (!(await vscode.workspace.applyEdit(edit))) return false;
    } finally {
      this.#applying = undefined;
    }
    done();
    this.#wrote.fire(written);
    return true;
  }

  #onDecided(proposal: Proposal): void {
    if (proposal.hunks.length === 0) return this.#remove(proposal);
    this.#recheck(proposal);
    this.#saveNow(proposal);
    this.#changed.fire(proposal);
  }

  #onDocumentChanged({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    if (contentChanges.length === 0) return;
    const changes = contentChanges.map(({ rangeOffset, rangeLength, text }) => ({
      offset: rangeOffset,
      length: rangeLength,
      text,
    }));
    for (const proposal of ofUri(this.#open.values(), document.uri)) {
      if (proposal === this.#applying) continue;
      proposal.follow(changes);
      proposal.check(textIn(document));
      this.#saveSoon(proposal);
      this.#changed.fire(proposal);
    }
  }

  #onDocumentOpened(document: vscode.TextDocument): void {
    for (const proposal of ofUri(this.#open.values(), document.uri)) {
      if (proposal.state.kind === 'writing') continue;
      settle(proposal, document);
      this.#changed.fire(proposal);
    }
  }

  #onRenamed(renamed: readonly { readonly oldUri: vscode.Uri; readonly newUri: vscode.Uri }[]): void {
    for (const proposal of this.#open.values()) {
      for (const { oldUri, newUri } of renamed) {
        const moved = movedUri(proposal.uri, oldUri.toString(), newUri.toString());
        if (moved === undefined) continue;
        proposal.uri = moved;
        this.#saveSoon(proposal);
        this.#changed.fire(proposal);
      }
    }
  }

  #onDeleted(deleted: readonly vscode.Uri[]): void {
    for (const proposal of this.#open.values()) {
      if (!deleted.some((uri) => movedUri(proposal.uri, uri.toString(), '') !== undefined)) continue;
      proposal.check(() => undefined);
      this.#changed.fire(proposal);
    }
  }

  #recheck(proposal: Proposal): void {
    const document = openDocument(proposal.uri);
    if (document !== undefined) settle(proposal, document);
  }

  #putAwayOverlapping({ uri, start, base }: Pick<ProposalRecord, 'uri' | 'start' | 'base'>): void {
    const end = start + base.length;
    for (const other of this.#open.values()) {
      const isApart = other.start >= end || other.start + other.base.length <= start;
      if (other.uri === uri && (!isApart || other.start === start)) this.reject(other);
    }
  }

  #remove(proposal: Proposal): void {
    this.#keepOnDisk(this.#files.remove(proposal.id));
    this.#forget(proposal);
  }

  #forget(proposal: Proposal): void {
    this.#open.delete(proposal.id);
    clearTimeout(this.#saveTimers.get(proposal.id));
    this.#saveTimers.delete(proposal.id);
    this.#changed.fire(proposal);
  }

  #endWriting({ id }: Proposal): void {
    this.#writing.get(id)?.cancel();
    this.#writing.delete(id);
  }

  #saveSoon(proposal: Proposal): void {
    if (proposal.state.kind === 'writing') return;
    clearTimeout(this.#saveTimers.get(proposal.id));
    this.#saveTimers.set(
      proposal.id,
      setTimeout(() => this.#saveNow(proposal), saveDelayMs),
    );
  }

  #saveNow(proposal: Proposal): void {
    clearTimeout(this.#saveTimers.get(proposal.id));
    this.#saveTimers.delete(proposal.id);
    this.#keepOnDisk(this.#files.save(proposal.record));
  }

  #keepOnDisk(written: Promise<void>): void {
    written.catch(this.#onDiskError);
  }
}

export function hunkRange(document: vscode.TextDocument, { start }: Proposal, hunk: Hunk): vscode.Range {
  return new vscode.Range(document.positionAt(start + hunk.start), document.positionAt(start + hunk.end));
}

/** Undefined when VS Code has not opened it. */
export function openDocument(uri: string): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri);
}

function ofUri(proposals: Iterable<Proposal>, uri: vscode.Uri): Proposal[] {
  const wanted = uri.toString();
  return [...proposals].filter((proposal) => proposal.uri === wanted);
}

function textIn(document: vscode.TextDocument): (start: number, length: number) => string {
  return (start, length) =>
    document.getText(new vscode.Range(document.positionAt(start), document.positionAt(start + length)));
}

/** Where it is in the document: in its place, or in the only other place that has its text. */
function settle(proposal: Proposal, document: vscode.TextDocument): void {
  proposal.check(textIn(document));
  if (proposal.state.kind !== 'paused') return;
  const start = relocate(document.getText(), proposal.start, proposal.base);
  if (start === undefined) return;
  proposal.moveTo(start);
  proposal.check(textIn(document));
}

/** The new address of something in a file or folder that was moved; undefined when it was not moved. */
function movedUri(uri: string, from: string, to: string): string | undefined {
  if (uri === from) return to;
  return uri.startsWith(`${from}/`) ? to + uri.slice(from.length) : undefined;
}
