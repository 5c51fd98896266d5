/** Commands that ask the model for an edit of the code in the editor. */
import * as vscode from 'vscode';
import type { CodeContext, EditDiagnostic, EditParams } from '../../protocol/server.ts';
import { formatCount } from '../lib/format-count.ts';
import { reportFailure } from '../models/model-commands.ts';
import type { EditAsk, EditRunner } from './edit-run.ts';
import { askFollowUp, askInstruction, askLanguage, type InstructionHistory } from './instructions.ts';
import type { CodeWithErrors } from './new-errors.ts';
import type { Proposal } from './proposal.ts';
import type { Proposals } from './proposals.ts';
import { findTestPlace } from './find-test-place.ts';
import { fixTarget, targetRange, whyReadOnly } from './target.ts';

/** A longer document would hold up the extension host. */
const longestDocument = 2_000_000;

export class EditCommands {
  readonly #runner: EditRunner;
  readonly #proposals: Proposals;
  readonly #history: InstructionHistory;

  constructor(runner: EditRunner, proposals: Proposals, history: InstructionHistory) {
    this.#runner = runner;
    this.#proposals = proposals;
    this.#history = history;
  }

  async rewrite(): Promise<void> {
    await this.#askAbout('rewrite', () => askInstruction(this.#history, vscode.l10n.t('Rewrite with Paddock')));
  }

  async fix(): Promise<void> {
    const editor = await writableEditor();
    if (editor === undefined) return;
    const target = fixTarget(editor);
    if (target === undefined) {
      void vscode.window.showInformationMessage(vscode.l10n.t('There is no error or warning here to fix.'));
      return;
    }
    await this.#fix(editor.document, target.range, target.diagnostics);
  }

  /** Fixes new errors after an accepted edit; does nothing without any. */
  async repair(target: CodeWithErrors | undefined): Promise<void> {
    if (target !== undefined) await this.#fix(target.document, target.range, target.diagnostics);
  }

  async #fix(document: vscode.TextDocument, range: vscode.Range, found: readonly vscode.Diagnostic[]): Promise<void> {
    const diagnostics = found.map(describe);
    const title = vscode.l10n.t('Fix: {0}', diagnostics.map(({ message }) => message).join('; '));
    await this.#run({ document, kind: 'fix', instruction: '', range, diagnostics, title, asked: [] });
  }

  async document(): Promise<void> {
    await this.#askAbout('document', () => Promise.resolve(''), vscode.l10n.t('Document'));
  }

  async translate(): Promise<void> {
    const ask = async (): Promise<string | undefined> => {
      const language = await askLanguage(this.#history);
      return language === undefined ? undefined : `Translate the comments into ${language}.`;
    };
    await this.#askAbout('translate', ask, vscode.l10n.t('Translate comments'));
  }

  /** Into the project's test file of the code, or into a new one. */
  async tests(): Promise<void> {
    const target = await writableTarget(vscode.l10n.t('Select the code to test first.'));
    if (target === undefined) return;
    const { editor, range } = target;
    await reportFailure(async () => {
      const place = await findTestPlace(editor.document);
      const reference = codeContext(editor.document, range);
      // Without a model an empty file would be left open.
      await this.#runner.loadModel();
      const document = await vscode.workspace.openTextDocument(place.uri);
      await vscode.languages.setTextDocumentLanguage(document, editor.document.languageId);
      await vscode.window.showTextDocument(document, { preview: false, viewColumn: vscode.ViewColumn.Beside });
      const end = document.lineAt(document.lineCount - 1).range.end;
      await this.#runner.run({
        document,
        kind: 'tests',
        instruction: '',
        range: new vscode.Range(end, end),
        diagnostics: [],
        references: [reference],
        framework: place.framework,
        title: vscode.l10n.t('Write tests'),
        asked: [],
      });
    });
  }

  /** Goes on from a proposal: its text and what was asked are given to the model again. */
  async followUp(proposal: Proposal | undefined): Promise<void> {
    if (proposal?.state.kind !== 'ready') {
      void vscode.window.showInformationMessage(vscode.l10n.t('There is no proposed edit here.'));
      return;
    }
    const instruction = await askFollowUp();
    const document = instruction === undefined ? undefined : await this.#proposals.locate(proposal);
    if (instruction === undefined || document === undefined) return;
    const { start, base, proposed, title, asked } = proposal;
    const range = new vscode.Range(document.positionAt(start), document.positionAt(start + base.length));
    await this.#run({
      document,
      kind: 'rewrite',
      instruction,
      range,
      diagnostics: [],
      previous: [{ instruction: asked.length === 0 ? title : asked.join('. '), replacement: proposed }],
      title: `${title}, ${instruction}`,
      asked: [...asked, instruction],
    });
  }

  /** `title` is the instruction itself when it is not given. */
  async #askAbout(kind: EditParams['kind'], ask: () => Promise<string | undefined>, title?: string): Promise<void> {
    const target = await writableTarget(vscode.l10n.t('Select the code to change first.'));
    if (target === undefined) return;
    const instruction = await ask();
    if (instruction === undefined) return;
    const { range, editor } = target;
    const { document } = editor;
    const asked = instruction === '' ? [] : [instruction];
    await this.#run({ document, kind, instruction, range, diagnostics: [], title: title ?? instruction, asked });
  }

  async #run(ask: EditAsk): Promise<void> {
    await reportFailure(() => this.#runner.run(ask));
  }
}

function describe({ range, message, relatedInformation = [] }: vscode.Diagnostic): EditDiagnostic {
  const related = relatedInformation.map(({ location, message: what }) => ({
    path: vscode.workspace.asRelativePath(location.uri),
    line: location.range.start.line + 1,
    message: what,
  }));
  return { line: range.start.line + 1, message, ...(related.length === 0 ? {} : { related }) };
}

function codeContext(document: vscode.TextDocument, range: vscode.Range): CodeContext {
  return {
    path: vscode.workspace.asRelativePath(document.uri),
    languageId: document.languageId,
    text: document.getText(range),
    startLine: range.start.line + 1,
    endLine: range.end.line + 1,
  };
}

/** The code that an edit is about; `refusal` is what the user is told when there is none. */
async function writableTarget(refusal: string) {
  const editor = await writableEditor();
  if (editor === undefined) return undefined;
  const range = await targetRange(editor);
  if (range !== undefined) return { editor, range };
  void vscode.window.showInformationMessage(refusal);
  return undefined;
}

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
