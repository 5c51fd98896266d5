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

  /** VS Code itself says so when nothing is selected. */
  async explainSelection(view: ChatView): Promise<void> {
    await this.#explain(view, 'workbench.action.terminal.copySelection');
  }

  async explainCommand(view: ChatView): Promise<void> {
    if (await this.#explain(view, 'workbench.action.terminal.copyLastCommandAndLastCommandOutput')) return;
    void vscode.window.showInformationMessage(
      vscode.l10n.t('The terminal does not know its last command. Select the text to explain instead.'),
    );
  }

  /** No stable API gives the text of a terminal. VS Code's own commands copy it, so the clipboard carries it. */
  async #explain(view: ChatView, copy: string): Promise<boolean> {
    const text = await withClipboard(vscode.env.clipboard, randomUUID(), () => vscode.commands.executeCommand(copy));
    if (text === undefined) return false;
    const name = vscode.l10n.t('Terminal');
    const attachment = textAttachment({ name, languageId: 'plaintext', text: lastLines(text) }, this.#newId);
    const question = vscode.l10n.t('Explain this terminal output. If there is an error, say how to fix it.');
    await this.#chat.ask(view, attachment, question);
    return true;
  }
}
