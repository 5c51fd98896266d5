/** The list of chats, as a picker. */
import * as vscode from 'vscode';
import { DisposableStore } from '../lib/lifetime.ts';
import type { ConversationSummary } from './conversation-summary.ts';

export interface ChatListOptions {
  /** The id of the shown chat. */
  readonly current: string;
  readonly list: () => Promise<readonly ConversationSummary[]>;
  readonly open: (id: string) => void;
  readonly remove: (id: string, title: string) => void;
}

type Item = vscode.QuickPickItem & { readonly id: string; readonly title: string };

export async function showChatList({ current, list, open, remove }: ChatListOptions): Promise<void> {
  const store = new DisposableStore();
  const picker = store.add(vscode.window.createQuickPick<Item>());
  picker.title = vscode.l10n.t('Chats');
  picker.placeholder = vscode.l10n.t('Choose a chat to continue');
  picker.matchOnDescription = true;
  picker.busy = true;
  store.add(
    picker.onDidAccept(() => {
      const [item] = picker.selectedItems;
      picker.hide();
      if (item !== undefined) open(item.id);
    }),
  );
  store.add(
    picker.onDidTriggerItemButton(({ item: { id, title } }) => {
      picker.items = picker.items.filter((item) => item.id !== id);
      remove(id, title);
    }),
  );
  store.add(picker.onDidHide(() => store.dispose()));
  picker.show();
  const summaries = await list();
  if (store.isDisposed) return;
  // One for all: making a formatter takes longer than using it.
  const dates = new Intl.DateTimeFormat(vscode.env.language, { dateStyle: 'medium', timeStyle: 'short' });
  picker.items = summaries.map((summary) => toItem(summary, summary.id === current, dates));
  picker.busy = false;
  if (summaries.length === 0) picker.placeholder = vscode.l10n.t('No chats yet');
}

function toItem(
  { id, title, updatedAt, questions }: ConversationSummary,
  isCurrent: boolean,
  dates: Intl.DateTimeFormat,
): Item {
  return {
    id,
    title,
    label: isCurrent ? `$(check) ${title}` : title,
    description: dates.format(updatedAt),
    detail: questions === 1 ? vscode.l10n.t('1 question') : vscode.l10n.t('{0} questions', questions),
    buttons: [{ iconPath: new vscode.ThemeIcon('trash'), tooltip: vscode.l10n.t('Delete') }],
  };
}
