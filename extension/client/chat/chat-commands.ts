/** Commands and buttons around the chat: other chats, export, attachments, code blocks, links and models. */
import * as vscode from 'vscode';
import type { CodeBlockParams, ErrorAction, ModelActionParams, Outcome } from '../../protocol/webview.ts';
import { proposalScheme } from '../contributions/views.ts';
import { runCommand } from '../lib/commands.ts';
import { formatCount } from '../lib/format-count.ts';
import type { ModelService } from '../models/model-service.ts';
import type { ModelCommands } from '../models/model-commands.ts';
import { targetRange } from '../edit/target.ts';
import type { ChatService } from './chat-service.ts';
import type { ChatView } from './chat-view.ts';
import { showChatList } from './chat-list.ts';
import {
  attachmentFromEditor,
  attachmentFromRange,
  longestAttachment,
  revealAttachment,
  type EditorAttachment,
} from './editor-attachment.ts';
import { exportMarkdown } from './export-markdown.ts';
import { placeCode } from './insert-code.ts';
import { revealText } from './text-attachment.ts';

export interface ChatCommandOptions {
  readonly chat: ChatService;
  readonly models: ModelService;
  readonly modelCommands: ModelCommands;
  readonly newId: () => string;
  /** As `useCode`. */
  readonly applyCode: (params: CodeBlockParams) => Promise<boolean>;
}

export class ChatCommands {
  readonly #options: ChatCommandOptions;

  constructor(options: ChatCommandOptions) {
    this.#options = options;
  }

  async newChat(view: ChatView): Promise<void> {
    await this.#options.chat.newChat();
    await view.focus();
  }

  history(): Promise<void> {
    const { chat } = this.#options;
    return showChatList({
      current: chat.conversation.id,
      list: () => chat.list(),
      open: (id) => void this.#open(id),
      remove: (id, title) => void this.#remove(id, title),
    });
  }

  async export(): Promise<void> {
    const { conversation } = this.#options.chat;
    const content = exportMarkdown(conversation, {
      user: vscode.l10n.t('Question'),
      assistant: vscode.l10n.t('Answer'),
      thoughts: vscode.l10n.t('Thoughts'),
    });
    // An untitled document: the user sees it first and saves it where they like.
    const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
    await vscode.window.showTextDocument(document);
  }

  async delete(): Promise<void> {
    const { id, title } = this.#options.chat.conversation;
    await this.#remove(id, title);
  }

  async attachSelection(view: ChatView): Promise<void> {
    const selection = this.attach('selection');
    const outcome = selection.done || selection.reason !== undefined ? selection : this.attach('file');
    if (outcome.reason !== undefined) void vscode.window.showWarningMessage(outcome.reason);
    if (outcome.done) await view.focus();
  }

  /** The answer appears in the chat, with the code attached to the question. */
  async explain(view: ChatView): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const range = editor === undefined ? undefined : await targetRange(editor);
    if (editor === undefined || range === undefined) {
      void vscode.window.showInformationMessage(vscode.l10n.t('Select the code to explain first.'));
      return;
    }
    const code = attachmentFromRange(editor.document, range, this.#options.newId);
    await this.ask(view, code, vscode.l10n.t('Explain this code.'));
  }

  /** Shows the chat and sends a question about an attachment. */
  async ask(view: ChatView, attachment: EditorAttachment, question: string): Promise<void> {
    const { chat } = this.#options;
    await view.focus();
    if (chat.answering) {
      void vscode.window.showInformationMessage(answeringText());
      return;
    }
    let outcome = this.#attach(attachment);
    if (outcome.done) outcome = chat.send(question);
    if (outcome.reason !== undefined) void vscode.window.showWarningMessage(outcome.reason);
  }

  attach(part: 'file' | 'selection'): Outcome {
    const found = attachmentFromEditor(part, this.#options.newId);
    return found === undefined ? { done: false } : this.#attach(found);
  }

  async reveal(id: string): Promise<void> {
    const attachment = this.#options.chat.attachment(id);
    if (attachment === undefined) return;
    try {
      if (!(await revealText(attachment))) await revealAttachment(attachment);
    } catch {
      void vscode.window.showWarningMessage(vscode.l10n.t('{0} cannot be opened any more.', attachment.path));
    }
  }

  async useCode(params: CodeBlockParams): Promise<boolean> {
    const { action, code, language } = params;
    switch (action) {
      case 'copy':
        await vscode.env.clipboard.writeText(code);
        return true;
      case 'insert':
        return insertAtCursor(code);
      case 'apply':
        return this.#options.applyCode(params);
      case 'open': {
        const known = (await vscode.languages.getLanguages()).includes(language);
        const document = await vscode.workspace.openTextDocument({
          content: code,
          ...(known ? { language } : {}),
        });
        await vscode.window.showTextDocument(document);
        return true;
      }
    }
  }

  /** Only web addresses, and VS Code asks before it opens one it does not trust. */
  async openLink(href: string): Promise<void> {
    let uri: vscode.Uri;
    try {
      uri = vscode.Uri.parse(href, true);
    } catch {
      return;
    }
    if (['http', 'https', 'mailto'].includes(uri.scheme)) await vscode.env.openExternal(uri);
  }

  async run(action: ErrorAction): Promise<void> {
    const { chat } = this.#options;
    switch (action) {
      case 'retry':
        return chat.retry();
      case 'continue':
        chat.send(vscode.l10n.t('Continue.'));
        return;
      case 'editQuestion':
        // The page handles this itself: it puts the question into its composer.
        return;
      case 'newChat':
        return runCommand('paddock.chat.new');
      case 'chooseModel':
        return runCommand('paddock.models.choose');
      case 'addModel':
        return runCommand('paddock.models.add');
      case 'restartEngine':
        return runCommand('paddock.engine.restart');
      case 'showLog':
        return runCommand('paddock.showLog');
      case 'openSettings':
        await vscode.commands.executeCommand('workbench.action.openSettings', '@ext:paddock.paddock');
    }
  }

  async model({ action, id }: ModelActionParams): Promise<void> {
    const { models, modelCommands } = this.#options;
    if (action === 'cancel') return models.cancelDownload(id);
    if (action === 'load') return modelCommands.use(id);
    // The card shows the progress and the failure, so there is no notification.
    try {
      await models.download(id);
    } catch {
      return;
    }
    await modelCommands.use(id);
  }

  #attach(found: EditorAttachment): Outcome {
    if (found.kind === 'attachment') return this.#options.chat.attach(found.attachment);
    const reason = vscode.l10n.t(
      '{0} is too long to attach: {1} characters, at most {2}. Select the part that matters and attach it.',
      found.name,
      formatCount(found.length),
      formatCount(longestAttachment),
    );
    return { done: false, reason };
  }

  /** Deletes at once, and offers to undo it. */
  async #remove(id: string, title: string): Promise<void> {
    const { chat } = this.#options;
    await chat.remove(id);
    const undo = vscode.l10n.t('Undo');
    const answer = await vscode.window.showInformationMessage(
      vscode.l10n.t('The chat “{0}” was deleted.', title),
      undo,
    );
    if (answer === undo) await chat.restoreRemoved(id);
  }

  async #open(id: string): Promise<void> {
    if (await this.#options.chat.open(id)) return runCommand('paddock.openChat');
    void vscode.window.showErrorMessage(
      vscode.l10n.t('This chat cannot be read. It may have been deleted, or made by a newer version of Paddock.'),
    );
  }
}

export function answeringText(): string {
  return vscode.l10n.t('Paddock is still answering. Stop it or wait.');
}

async function insertAtCursor(code: string): Promise<boolean> {
  const editor = editorToInsertInto();
  if (editor === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Open the file to insert into first.'));
    return false;
  }
  const { document, selection } = editor;
  const { columns, text } = placeCode(code, {
    firstLine: document.lineAt(selection.start.line).text,
    startColumn: selection.start.character,
    isEmpty: selection.isEmpty,
    eol: document.eol === vscode.EndOfLine.CRLF ? '\r\n' : '\n',
  });
  const { line } = selection.start;
  const range = columns === undefined ? selection : new vscode.Range(line, columns[0], line, columns[1]);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, range, text);
  const done = await vscode.workspace.applyEdit(edit);
  if (done) await vscode.window.showTextDocument(document, { preview: false });
  else void vscode.window.showErrorMessage(vscode.l10n.t('VS Code refused the change of {0}.', document.fileName));
  return done;
}

/** The active editor. While a proposal is shown, the editor of its file: the proposal itself is read-only. */
function editorToInsertInto(): vscode.TextEditor | undefined {
  const { activeTextEditor: active, visibleTextEditors: visible } = vscode.window;
  if (active === undefined || active.document.uri.scheme !== proposalScheme) {
    return active ?? visible.find(({ document }) => document.uri.scheme !== proposalScheme);
  }
  const { path } = active.document.uri;
  return visible.find(({ document }) => document.uri.scheme !== proposalScheme && document.uri.path === path);
}
