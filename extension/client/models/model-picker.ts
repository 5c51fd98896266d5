/** The picker of `Paddock: Choose Model…`: every model with its size and whether it fits this computer. */
import * as vscode from 'vscode';
import type { ModelEntry } from '../../protocol/server.ts';
import { DisposableStore } from '../lib/lifetime.ts';
import { formatBytes } from '../../protocol/format.ts';
import { downloadText, fitText } from '../../protocol/model-texts.ts';
import type { ModelService } from './model-service.ts';

export type PickerChoice =
  | { readonly action: 'use' | 'download' | 'cancel' | 'remove'; readonly entry: ModelEntry }
  | { readonly action: 'add' | 'openFolder' };

type Item = vscode.QuickPickItem & { readonly choice?: PickerChoice };

/** Undefined when the user cancels. Rejects when the engine cannot list the models. */
export async function pickModel(models: ModelService): Promise<PickerChoice | undefined> {
  const store = new DisposableStore();
  const picker = store.add(vscode.window.createQuickPick<Item>());
  picker.title = vscode.l10n.t('Choose a Model');
  picker.placeholder = vscode.l10n.t('The model answers in the chat and makes edits. It runs on this computer only.');
  picker.matchOnDescription = true;
  picker.matchOnDetail = true;
  picker.busy = true;
  picker.show();
  try {
    await models.refresh();
    picker.busy = false;
    const update = (): void => {
      // The active row stays active while the rows change; at first it is the model in use.
      const id = entryId(picker.activeItems[0]) ?? models.loadedId;
      picker.items = pickerItems(models);
      const active = picker.items.find((item) => id !== undefined && entryId(item) === id);
      if (active !== undefined) picker.activeItems = [active];
    };
    update();
    store.add(models.onDidChange(update));
    return await new Promise<PickerChoice | undefined>((resolve) => {
      store.add(picker.onDidAccept(() => resolve(picker.selectedItems[0]?.choice)));
      store.add(
        picker.onDidTriggerItemButton(({ item }) => {
          const { choice } = item;
          resolve(choice !== undefined && 'entry' in choice ? { action: 'remove', entry: choice.entry } : undefined);
        }),
      );
      store.add(picker.onDidHide(() => resolve(undefined)));
    });
  } finally {
    store.dispose();
  }
}

function entryId(item: Item | undefined): string | undefined {
  const choice = item?.choice;
  return choice !== undefined && 'entry' in choice ? choice.entry.id : undefined;
}

function pickerItems(models: ModelService): Item[] {
  const { view, loadedId } = models;
  const entries = view?.entries ?? [];
  const installed = entries.filter(({ state }) => state === 'installed' || state === 'missing');
  const others = entries.filter((entry) => !installed.includes(entry));
  const memory =
    view === undefined
      ? ''
      : vscode.l10n.t('{0} of {1} memory free', formatBytes(view.availableMemory), formatBytes(view.totalMemory));
  return [
    ...(installed.length > 0 ? [separator(vscode.l10n.t('On this computer'))] : []),
    ...installed.map((entry) => modelItem(models, entry, entry.id === loadedId)),
    ...(others.length > 0 ? [separator(vscode.l10n.t('To download · {0}', memory))] : []),
    ...others.map((entry) => modelItem(models, entry, false)),
    separator(''),
    { label: vscode.l10n.t('$(file-add) Use a GGUF File…'), alwaysShow: true, choice: { action: 'add' } },
    { label: vscode.l10n.t('$(folder-opened) Open Models Folder'), alwaysShow: true, choice: { action: 'openFolder' } },
  ];
}

function separator(label: string): Item {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

function modelItem(models: ModelService, entry: ModelEntry, loaded: boolean): Item {
  const downloading = models.isDownloading(entry.id);
  const installed = entry.state === 'installed';
  const icon = loaded ? '$(check)' : downloading ? '$(sync~spin)' : installed ? '$(server)' : '$(cloud-download)';
  const removable = installed || entry.state === 'missing' || entry.state === 'partial';
  return {
    label: `${icon} ${entry.title}`,
    description: [
      ...(loaded ? [vscode.l10n.t('In use')] : []),
      ...(entry.recommended ? [vscode.l10n.t('Recommended')] : []),
      fitText(entry, vscode.l10n.t),
      formatBytes(entry.fileBytes),
    ].join(' · '),
    detail: detailText(models, entry),
    choice: { action: actionOf(entry, downloading), entry },
    ...(removable
      ? {
          buttons: [
            {
              iconPath: new vscode.ThemeIcon('trash'),
              tooltip:
                entry.source === 'user' && !models.isInFolder(entry)
                  ? vscode.l10n.t('Remove from this list')
                  : vscode.l10n.t('Delete the file'),
            },
          ],
        }
      : {}),
  };
}

function actionOf({ state, source }: ModelEntry, downloading: boolean): 'cancel' | 'use' | 'download' | 'remove' {
  if (downloading) return 'cancel';
  if (state === 'installed') return 'use';
  // A file of the user is in no catalogue: when it is gone, only its entry can be removed.
  return source === 'user' ? 'remove' : 'download';
}

function detailText(models: ModelService, entry: ModelEntry): string {
  const download = models.view?.downloads.find(({ id }) => id === entry.id);
  if (download?.progress !== undefined) {
    const progress = downloadText(download.progress, vscode.l10n.t);
    return vscode.l10n.t('Downloading: {0} · Select to cancel', progress);
  }
  if (entry.state === 'missing')
    return vscode.l10n.t('The file is missing: {0} · Select to remove it from this list', entry.path ?? entry.id);
  if (entry.state === 'partial') {
    return vscode.l10n.t('{0} already downloaded · Select to resume', formatBytes(entry.partialBytes));
  }
  return entry.description;
}
