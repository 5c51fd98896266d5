/** Refactor and Fix: from the user's request to a proposal that streams in, and its Accept and Reject. */
import * as vscode from 'vscode';
import { Chat, Edit, EditProgress, type EditParams, type EditPart, type EditResult } from '../../protocol/server.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import { EngineError } from '../lib/engine-error.ts';
import { formatCount } from '../lib/format-count.ts';
import { formatDuration } from '../../protocol/format.ts';
import { reportFailure } from '../models/model-commands.ts';
import type { ModelService } from '../models/model-service.ts';
import type { Proposal, Proposals } from './proposals.ts';
import { fixTarget, targetRange, whyReadOnly } from './target.ts';

interface EditRequest {
  readonly kind: EditParams['kind'];
  readonly instruction: string;
  readonly range: vscode.Range;
  readonly diagnostics: EditParams['diagnostics'];
}

export class EditCommands {
  readonly #engine: EngineSupervisor;
  readonly #models: ModelService;
  readonly #proposals: Proposals;

  constructor(engine: EngineSupervisor, models: ModelService, proposals: Proposals) {
    this.#engine = engine;
    this.#models = models;
    this.#proposals = proposals;
  }

  async refactor(): Promise<void> {
    const editor = await writableEditor();
    if (editor === undefined) return;
    const range = await targetRange(editor);
    if (range === undefined) {
      void vscode.window.showInformationMessage(vscode.l10n.t('Select the code to change first.'));
      return;
    }
    const instruction = await askInstruction();
    if (instruction === undefined) return;
    await this.#propose(editor, { kind: 'rewrite', instruction, range, diagnostics: [] });
  }

  async fix(): Promise<void> {
    const editor = await writableEditor();
    if (editor === undefined) return;
    const target = fixTarget(editor);
    if (target === undefined) {
      void vscode.window.showInformationMessage(vscode.l10n.t('There is no error or warning here to fix.'));
      return;
    }
    const { range } = target;
    const diagnostics = target.diagnostics.map((diagnostic) => ({
      line: diagnostic.range.start.line + 1,
      message: diagnostic.message,
    }));
    await this.#propose(editor, { kind: 'fix', instruction: '', range, diagnostics });
  }

  async accept(): Promise<void> {
    const { active } = this.#proposals;
    if (active !== undefined) await this.#proposals.accept(active);
  }

  async reject(): Promise<void> {
    const { active } = this.#proposals;
    if (active !== undefined) await this.#proposals.reject(active);
  }

  async restore(): Promise<void> {
    if (await this.#proposals.restore()) return;
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no rejected edit to show.'));
  }

  async #propose({ document }: vscode.TextEditor, request: EditRequest): Promise<void> {
    await reportFailure(async () => {
      const name = document.uri.path.slice(document.uri.path.lastIndexOf('/') + 1);
      const what = request.kind === 'fix' ? vscode.l10n.t('Fix') : request.instruction;
      const title = vscode.l10n.t('{0}: {1} (proposed)', name, what);
      // Fails here, before a diff opens, when there is no model.
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Loading the model…') },
        () => this.#models.ensureLoaded(),
      );
      const cancellation = new vscode.CancellationTokenSource();
      await vscode.window.withProgress(
        {
          location: vscode.ProgressLocation.Notification,
          title: vscode.l10n.t('Paddock: {0}', what),
          cancellable: true,
        },
        (progress, token) => {
          token.onCancellationRequested(() => cancellation.cancel());
          const report = (message: string): void => progress.report({ message });
          return this.#stream({ document, request, title, cancellation, report });
        },
      );
    });
  }

  async #stream({ document, request, title, cancellation, report }: EditRun): Promise<void> {
    const { token } = cancellation;
    const part = partAround(document, request.range);
    const params: EditParams = {
      kind: request.kind,
      instruction: request.instruction,
      path: vscode.workspace.asRelativePath(document.uri),
      languageId: document.languageId,
      text: part.text.slice(part.from, part.to),
      start: part.start - part.from,
      end: part.end - part.from,
      diagnostics: request.diagnostics.map(({ line, message }) => ({ line: line - part.firstLine, message })),
    };
    let opening: Promise<Proposal> | undefined;
    let proposal: Proposal | undefined;
    const onPart = (update: EditPart): void => {
      if (update.kind === 'range') {
        const [start, end] = [part.from + update.start, part.from + update.end];
        opening = this.#proposals.open({ document, text: part.text, start, end, title, cancellation });
        opening.then(
          (opened) => (proposal = opened),
          () => undefined,
        );
      } else if (update.kind === 'prefill') {
        report(prefillText(update.done, update.total, update.remainingSeconds));
      } else if (update.kind === 'again') {
        report(vscode.l10n.t('Repairing a syntax error…'));
        proposal?.restart();
      } else {
        report(vscode.l10n.t('Writing…'));
        proposal?.append(update.text);
      }
    };
    if (this.#engine.isBusyWith(Chat)) report(vscode.l10n.t('Waiting for the answer in the chat…'));
    try {
      const result = await this.#engine.request(Edit, params, { token, progress: { type: EditProgress, onPart } });
      await opening;
      if (proposal !== undefined) await this.#finish(proposal, result, part.firstLine);
    } catch (error) {
      const opened = await opening?.catch(() => undefined);
      if (opened !== undefined) await this.#proposals.reject(opened);
      throw error;
    }
  }

  async #finish(proposal: Proposal, result: EditResult, linesBefore: number): Promise<void> {
    if (result.finishReason === 'cancelled' || proposal.cancellation.token.isCancellationRequested) {
      throw new EngineError('cancelled', vscode.l10n.t('The edit was cancelled.'));
    }
    if (result.finishReason === 'length') {
      throw new EngineError(
        'promptTooLong',
        vscode.l10n.t('The new code did not fit into the context of the model. Select less code and try again.'),
      );
    }
    if (!proposal.finish(result.replacement)) {
      await this.#proposals.reject(proposal);
      void vscode.window.showInformationMessage(vscode.l10n.t('The model proposes no change.'));
      return;
    }
    if (result.syntax.kind === 'broken') {
      const line = formatCount(linesBefore + result.syntax.line);
      void vscode.window.showWarningMessage(
        vscode.l10n.t('The proposed code has a syntax error near line {0}. Check it before you accept it.', line),
      );
    }
    if (result.omitted.length > 0) {
      const what = result.omitted.map((omission) => omission.what).join(', ');
      void vscode.window.showInformationMessage(vscode.l10n.t('The model did not see the whole file: {0}.', what));
    }
  }
}

interface EditRun {
  readonly document: vscode.TextDocument;
  readonly request: EditRequest;
  readonly title: string;
  readonly cancellation: vscode.CancellationTokenSource;
  readonly report: (message: string) => void;
}

/** What of a document the engine gets: all of it, or the lines around the selection. Offsets count from its start. */
function partAround(document: vscode.TextDocument, range: vscode.Range) {
  const text = document.getText();
  const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
  const [first, last] = [start - longestSurroundings, end + longestSurroundings];
  const from = first <= 0 ? 0 : text.indexOf('\n', first) + 1;
  const to = last >= text.length ? text.length : text.lastIndexOf('\n', last) + 1;
  return { text, start, end, from, to, firstLine: document.positionAt(from).line };
}

/** More text around the selection than any context holds; the engine trims it to its budget. */
const longestSurroundings = 200_000;
/** A proposal copies the whole document; a longer one would hold up the extension host. */
const longestDocument = 2_000_000;

async function writableEditor(): Promise<vscode.TextEditor | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Open a file and select the code to change first.'));
    return undefined;
  }
  if (!vscode.workspace.isTrusted) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t('Paddock changes no files in Restricted Mode. Trust this workspace first.'),
    );
    return undefined;
  }
  const reason = whyTooLong(editor.document) ?? (await whyReadOnly(editor.document));
  if (reason === undefined) return editor;
  void vscode.window.showWarningMessage(reason);
  return undefined;
}

function whyTooLong(document: vscode.TextDocument): string | undefined {
  const length = document.offsetAt(document.lineAt(document.lineCount - 1).range.end);
  if (length <= longestDocument) return undefined;
  const name = vscode.workspace.asRelativePath(document.uri);
  return vscode.l10n.t(
    '{0} is too long for an edit: {1} characters, at most {2}. Move the code to a file of its own.',
    name,
    formatCount(length),
    formatCount(longestDocument),
  );
}

/** Offers common instructions and accepts any typed one. */
function askInstruction(): Promise<string | undefined> {
  const common = [
    vscode.l10n.t('Simplify this code'),
    vscode.l10n.t('Use clearer names'),
    vscode.l10n.t('Add types'),
    vscode.l10n.t('Add documentation comments'),
    vscode.l10n.t('Handle errors and edge cases'),
    vscode.l10n.t('Split into smaller functions'),
  ];
  const picker = vscode.window.createQuickPick();
  picker.title = vscode.l10n.t('Refactor with Paddock');
  picker.placeholder = vscode.l10n.t('Describe the change, or choose one');
  const update = (): void => {
    const text = picker.value.trim();
    const typed =
      text === '' || common.includes(text)
        ? []
        : [{ label: text, alwaysShow: true, iconPath: new vscode.ThemeIcon('edit') }];
    picker.items = [...typed, ...common.map((label) => ({ label }))];
  };
  update();
  picker.onDidChangeValue(update);
  picker.show();
  return new Promise((resolve) => {
    picker.onDidAccept(() => {
      resolve(picker.selectedItems[0]?.label);
      picker.hide();
    });
    picker.onDidHide(() => {
      resolve(undefined);
      picker.dispose();
    });
  });
}

function prefillText(done: number, total: number, remainingSeconds: number | undefined): string {
  const percent = total > 0 ? Math.floor((100 * done) / total) : 0;
  const read = vscode.l10n.t('Reading the code: {0} %', percent);
  return remainingSeconds === undefined
    ? read
    : `${read} · ${vscode.l10n.t('{0} left', formatDuration(remainingSeconds))}`;
}
