/** Explains what stands in the terminal. */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { ChatCommands } from '../chat/chat-commands.ts';
import type { ChatView } from '../chat/chat-view.ts';
import { textAttachment } from '../chat/text-attachment.ts';
import { withClipboard } from './clipboard.ts';
import { lastLines } from './last-lines.ts';

export class TerminalCommands {
  readonly #chat: ChatCommands;
  readonly #newId: () => string;

  constructor(chat: ChatCommands, newId: () => string) {
    this.#chat = chat;
    this.#newId = newId;
  }

  explainSelection(view: ChatView): Promise<void> {
    const nothing = vscode.l10n.t('Select the text to explain in the terminal first.');
    return this.#explain(view, 'workbench.action.terminal.copySelection', nothing);
  }

  explainCommand(view: ChatView): Promise<void> {
    const nothing = vscode.l10n.t('The terminal does not know its last command. Select the text to explain instead.');
    return this.#explain(view, 'workbench.action.terminal.copyLastCommandAndLastCommandOutput', nothing);
  }

  /** No stable API gives the text of a terminal. VS Code's own commands copy it, so the clipboard carries it. */
  async #explain(view: ChatView, copy: string, nothing: string): Promise<void> {
    const text = await withClipboard(vscode.env.clipboard, randomUUID(), () => vscode.commands.executeCommand(copy));
    if (text === undefined) {
      void vscode.window.showInformationMessage(nothing);
      return;
    }
    const name = vscode.l10n.t('Terminal');
    const attachment = textAttachment({ name, languageId: 'plaintext', text: lastLines(text) }, this.#newId);
    const question = vscode.l10n.t('Explain this terminal output. If there is an error, say how to fix it.');
    await this.#chat.ask(view, attachment, question);
  }
}
