/** Makes the parts of editing and connects them. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type * as vscode from 'vscode';
import { workspaceName } from '../chat/chat-folders.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import { readSetting } from '../lib/commands.ts';
import { DisposableStore } from '../lib/lifetime.ts';
import type { ModelService } from '../models/model-service.ts';
import { registerCodeActions } from './code-actions.ts';
import { EditCommands } from './edit-commands.ts';
import { EditRunner } from './edit-run.ts';
import { InlineView } from './inline-view.ts';
import { InstructionHistory } from './instructions.ts';
import { NewErrors } from './new-errors.ts';
import type { Proposal } from './proposal.ts';
import { ProposalCommands } from './proposal-commands.ts';
import { ProposalFiles } from './proposal-files.ts';
import { ProposalLenses } from './proposal-lenses.ts';
import { createProposalStatus } from './proposal-status.ts';
import { Proposals } from './proposals.ts';
import { EditProposer } from './proposer.ts';
import { SideBySideView } from './side-by-side.ts';

interface EditsOptions {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly engine: EngineSupervisor;
  readonly models: ModelService;
}

export function createEdits({ context, log, engine, models }: EditsOptions) {
  const store = new DisposableStore();
  const folder = join(context.globalStorageUri.fsPath, 'edits', workspaceName());
  const proposals = store.add(
    new Proposals({ files: new ProposalFiles(folder), newId, onDiskError: (error) => log.error(String(error)) }),
  );
  const sideBySide = store.add(new SideBySideView(proposals));
  const isInline = (proposal: Proposal): boolean => showsInline(proposal) && !sideBySide.isOpen(proposal);
  const inline = store.add(new InlineView(proposals, isInline));
  store.add(sideBySide.onDidChangeTabs(() => proposals.all.forEach((proposal) => inline.refresh(proposal))));
  store.add(
    proposals.onDidBegin((proposal) => {
      if (!showsInline(proposal)) void sideBySide.show(proposal);
    }),
  );
  store.add(new ProposalLenses(proposals));
  store.add(createProposalStatus(proposals));
  store.add(registerCodeActions());
  const errors = store.add(new NewErrors());
  let known: readonly string[] = [];
  store.add(proposals.onWillWrite((document) => (known = NewErrors.knownErrors(document))));
  store.add(proposals.onDidWrite(({ document, start, length }) => errors.watch(document, start, length, known)));
  const decide = store.add(new ProposalCommands(proposals, inline, sideBySide));
  const history = new InstructionHistory(context.globalState);
  const ask = new EditCommands(new EditRunner(engine, models, proposals), proposals, history);
  proposals.load().then(
    () => sideBySide.closeForgotten(),
    (error: unknown) => log.error(String(error)),
  );
  const proposer = new EditProposer(proposals, (proposal) => decide.reveal(proposal));
  return { proposals, proposer, handlers: handlers(ask, decide, errors), dispose: () => store.dispose() };
}

/** Of the commands; `target` is what a bar or a zone gives. */
function handlers(ask: EditCommands, decide: ProposalCommands, errors: NewErrors) {
  return {
    'paddock.edit.rewrite': () => ask.rewrite(),
    'paddock.edit.fix': () => ask.fix(),
    'paddock.edit.document': () => ask.document(),
    'paddock.edit.tests': () => ask.tests(),
    'paddock.edit.translate': () => ask.translate(),
    'paddock.edit.repair': () => ask.repair(errors.take()),
    'paddock.edit.dismissErrors': () => errors.dismiss(),
    'paddock.edit.followUp': (target: unknown) => ask.followUp(decide.current(target)),
    'paddock.edit.accept': (target: unknown) => decide.accept(target),
    'paddock.edit.reject': (target: unknown) => decide.reject(target),
    'paddock.edit.acceptChange': (target: unknown) => decide.acceptChange(target),
    'paddock.edit.rejectChange': (target: unknown) => decide.rejectChange(target),
    'paddock.edit.next': (target: unknown) => decide.next(target),
    'paddock.edit.previous': () => decide.previous(),
    'paddock.edit.show': () => decide.show(),
    'paddock.edit.compare': (target: unknown) => decide.compare(target),
    'paddock.edit.copy': (target: unknown) => decide.copy(target),
    'paddock.edit.restore': () => decide.restore(),
    'paddock.edit.cancel': (target: unknown) => decide.cancel(target),
  } as const;
}

/** Comments, which the view in the file is made of, do not exist in notebooks. */
function showsInline({ uri }: Proposal): boolean {
  return readSetting('edits.view') === 'inline' && !uri.startsWith('vscode-notebook-cell:');
}

/** Sorted by time. */
function newId(): string {
  return `${Date.now().toString(36).padStart(10, '0')}-${randomBytes(4).toString('hex')}`;
}
