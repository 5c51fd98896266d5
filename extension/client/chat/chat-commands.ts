/** What the user does around the chat: other chats, export, attachments, and the buttons of the view. */
import * as vscode from 'vscode';
import type { CodeBlockParams, ErrorAction, ModelActionParams } from '../../protocol/webview.ts';
import { runCommand } from '../lib/commands.ts';
import type { ModelService } from '../models/model-service.ts';
import type { ModelCommands } from '../models/model-commands.ts';
import { targetRange } from '../edit/target.ts';
import type { ChatService } from './chat-service.ts';
import type { ChatView } from './chat-view.ts';
import { attachmentFromEditor, attachmentFromRange, revealAttachment } from './editor-attachment.ts';
import { exportMarkdown } from './export-markdown.ts';

export interface ChatCommandOptions {
  readonly chat: ChatService;
  readonly models: ModelService;
  readonly modelCommands: ModelCommands;
  readonly newId: () => string;
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

  async history(): Promise<void> {
    const { chat } = this.#options;
    const remove: vscode.QuickInputButton = {
      iconPath: new vscode.ThemeIcon('trash'),
      tooltip: vscode.l10n.t('Delete'),
    };
    const picker = vscode.window.createQuickPick<vscode.QuickPickItem & { id: string }>();
    picker.title = vscode.l10n.t('Chats');
    picker.placeholder = vscode.l10n.t('Choose a chat to go on with');
    picker.matchOnDescription = true;
    const update = async (): Promise<void> => {
      const summaries = await chat.list();
      picker.items = summaries.map(({ id, title, updatedAt, questions }) => ({
        id,
        label: id === chat.conversation.id ? `$(check) ${title}` : title,
        description: new Date(updatedAt).toLocaleString(vscode.env.language, {
          dateStyle: 'medium',
          timeStyle: 'short',
        }),
        detail: questions === 1 ? vscode.l10n.t('1 question') : vscode.l10n.t('{0} questions', questions),
        buttons: [remove],
      }));
      if (summaries.length === 0) picker.placeholder = vscode.l10n.t('There are no chats yet');
    };
    picker.onDidAccept(() => {
      const [item] = picker.selectedItems;
      picker.hide();
      if (item !== undefined) void this.#open(item.id);
    });
    picker.onDidTriggerItemButton(async ({ item }) => {
      await chat.remove(item.id);
      await update();
    });
    picker.onDidHide(() => picker.dispose());
    picker.show();
    await update();
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
    const { chat } = this.#options;
    const { id, title } = chat.conversation;
    const remove = vscode.l10n.t('Delete');
    const question = vscode.l10n.t('Delete the chat “{0}”?', title);
    const detail = vscode.l10n.t('It cannot be brought back.');
    const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, remove);
    if (answer === remove) await chat.remove(id);
  }

  async attachSelection(view: ChatView): Promise<void> {
    if (!this.attach('selection') && !this.attach('file')) return;
    await view.focus();
  }

  /** The answer comes in the chat, with the code attached to the question. */
  async explain(view: ChatView): Promise<void> {
    const { chat, newId } = this.#options;
    const editor = vscode.window.activeTextEditor;
    const range = editor === undefined ? undefined : await targetRange(editor);
    if (editor === undefined || range === undefined) {
      void vscode.window.showInformationMessage(vscode.l10n.t('Select the code to explain first.'));
      return;
    }
    await view.focus();
    if (chat.answering) {
      void vscode.window.showInformationMessage(vscode.l10n.t('An answer is being made. Stop it or wait for its end.'));
      return;
    }
    chat.attach(attachmentFromRange(editor.document, range, newId));
    chat.send(vscode.l10n.t('Explain this code.'));
  }

  attach(what: 'file' | 'selection'): boolean {
    const attachment = attachmentFromEditor(what, this.#options.newId);
    if (attachment === undefined) return false;
    this.#options.chat.attach(attachment);
    return true;
  }

  async reveal(id: string): Promise<void> {
    const attachment = this.#options.chat.attachment(id);
    if (attachment === undefined) return;
    try {
      await revealAttachment(attachment);
    } catch {
      void vscode.window.showWarningMessage(vscode.l10n.t('{0} cannot be opened any more.', attachment.path));
    }
  }

  async useCode({ action, code, language }: CodeBlockParams): Promise<boolean> {
    switch (action) {
      case 'copy':
        await vscode.env.clipboard.writeText(code);
        return true;
      case 'insert':
        return insertAtCursor(code);
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
    // The card shows the progress and the failure; a notification besides would say everything twice.
    try {
      await models.download(id);
    } catch {
      return;
    }
    await modelCommands.use(id);
  }

  async #open(id: string): Promise<void> {
    if (await this.#options.chat.open(id)) return runCommand('paddock.openChat');
    void vscode.window.showErrorMessage(
      vscode.l10n.t('This chat cannot be read. It may be of a newer version of Paddock.'),
    );
  }
}

async function insertAtCursor(code: string): Promise<boolean> {
  const editor = vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0];
  const done = editor !== undefined && (await editor.edit((edit) => edit.replace(editor.selection, code)));
  if (done) await vscode.window.showTextDocument(editor.document, editor.viewColumn);
  else void vscode.window.showInformationMessage(vscode.l10n.t('Open the file to insert into first.'));
  return done;
}
