/** Apply in Editor: a block of the chat becomes a proposed change of the file that it is for. */
import * as vscode from 'vscode';
import { PlaceCode, type PlaceCodeResult } from '../../protocol/server.ts';
import type { CodeBlockParams } from '../../protocol/webview.ts';
import type { Attachment } from '../chat/conversation.ts';
import { placeCode } from '../chat/insert-code.ts';
import type { EditProposer } from '../edit/proposer.ts';
import { whyReadOnly } from '../edit/target.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import { formatCount } from '../lib/format-count.ts';
import { reportFailure } from '../models/model-commands.ts';
import { chooseTarget } from './choose-target.ts';
import { findTarget, type CodeTarget } from './find-document.ts';

export interface ApplyOptions {
  readonly engine: EngineSupervisor;
  readonly proposer: EditProposer;
  /** Whether this answer is still being written. */
  readonly isLive: (messageId: string) => boolean;
  /** The attachments of the question that was answered. */
  readonly attachmentsFor: (messageId: string) => readonly Attachment[];
}

export class ApplyCode {
  readonly #options: ApplyOptions;

  constructor(options: ApplyOptions) {
    this.#options = options;
  }

  /** False when nothing was proposed; the user has been told why. */
  async apply({ code, language, origin }: CodeBlockParams): Promise<boolean> {
    if (!isTrusted()) return false;
    const { messageId = '', info = '', lead = '' } = origin ?? {};
    if (this.#options.isLive(messageId)) {
      void vscode.window.showInformationMessage(vscode.l10n.t('Wait until the answer is complete.'));
      return false;
    }
    let done = false;
    await reportFailure(async () => {
      const attached = this.#options.attachmentsFor(messageId).map(({ uri }) => vscode.Uri.parse(uri));
      const target = (await findTarget({ info, lead }, code, attached)) ?? (await chooseTarget(attached));
      if (target === 'untitled') done = await openUntitled(code, language);
      else if (target !== undefined) done = await this.#applyTo(target, code);
    });
    return done;
  }

  async #applyTo(target: CodeTarget, code: string): Promise<boolean> {
    if (target.kind === 'newFile') return openNewFile(target.uri, code);
    const { document } = target;
    const reason = await whyReadOnly(document);
    if (reason !== undefined) return refuse(reason);
    const text = document.getText();
    const cursor = cursorIn(document);
    const params = { text, languageId: document.languageId, code, ...(cursor === undefined ? {} : { cursor }) };
    const placed = await this.#options.engine.request(PlaceCode, params);
    if (placed.kind === 'unclear') {
      return refuse(
        vscode.l10n.t(
          'The block leaves out code with a comment, and it is not clear which code. Ask for the whole function, or copy what you need.',
        ),
      );
    }
    const edit = placed.kind === 'replace' ? placed : atCursor(document, code);
    const base = text.slice(edit.start, edit.end);
    if (withLf(base) === withLf(edit.replacement)) {
      void vscode.window.showInformationMessage(vscode.l10n.t('{0} has this code already.', nameOf(document)));
      return false;
    }
    const title = vscode.l10n.t('Code from the chat');
    const { uri } = document;
    await this.#options.proposer.add({ uri, start: edit.start, base, proposed: edit.replacement, title });
    sayLeftOut(placed);
    return true;
  }
}

function isTrusted(): boolean {
  if (vscode.workspace.isTrusted) return true;
  return refuse(vscode.l10n.t('Paddock changes no files in Restricted Mode. Trust this workspace first.'));
}

function refuse(reason: string): false {
  void vscode.window.showWarningMessage(reason);
  return false;
}

function cursorIn(document: vscode.TextDocument): number | undefined {
  const editor = vscode.window.visibleTextEditors.find((one) => one.document === document);
  return editor === undefined ? undefined : document.offsetAt(editor.selection.active);
}

/** On lines of its own at the cursor of the document's editor, else at the end. */
function atCursor(document: vscode.TextDocument, code: string) {
  const cursor = cursorIn(document);
  const end = document.lineAt(document.lineCount - 1).range.end;
  const position = cursor === undefined ? end : document.positionAt(cursor);
  const { columns, text } = placeCode(code, {
    firstLine: document.lineAt(position.line).text,
    startColumn: position.character,
    isEmpty: true,
    eol: document.eol === vscode.EndOfLine.CRLF ? '\r\n' : '\n',
  });
  const line = document.offsetAt(new vscode.Position(position.line, 0));
  const [from, to] = columns ?? [position.character, position.character];
  return { start: line + from, end: line + to, replacement: text };
}

async function openUntitled(code: string, language: string): Promise<boolean> {
  const known = (await vscode.languages.getLanguages()).includes(language);
  const options = { content: code, ...(known ? { language } : {}) };
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(options));
  return true;
}

/** An editor with this path and the code. Nothing is written before the user saves it. */
async function openNewFile(uri: vscode.Uri, code: string): Promise<boolean> {
  const document = await vscode.workspace.openTextDocument(uri.with({ scheme: 'untitled' }));
  await vscode.window.showTextDocument(document, { preview: false });
  const edit = new vscode.WorkspaceEdit();
  const whole = new vscode.Range(new vscode.Position(0, 0), document.lineAt(document.lineCount - 1).range.end);
  edit.replace(document.uri, whole, code);
  return vscode.workspace.applyEdit(edit);
}

function sayLeftOut(placed: PlaceCodeResult): void {
  if (placed.kind !== 'replace' || placed.leftOut === 0) return;
  void vscode.window.showInformationMessage(
    placed.leftOut === 1
      ? vscode.l10n.t('One statement of the block has no place in the file and was left out.')
      : vscode.l10n.t(
          '{0} statements of the block have no place in the file and were left out.',
          formatCount(placed.leftOut),
        ),
  );
}

function nameOf({ uri }: vscode.TextDocument): string {
  return uri.path.slice(uri.path.lastIndexOf('/') + 1);
}

function withLf(text: string): string {
  return text.replaceAll('\r\n', '\n');
}
