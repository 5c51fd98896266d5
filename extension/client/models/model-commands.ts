/**
 * Commands for models: choose, download with progress, add a file, remove, open the folder. Failures are shown with
 * what to do next.
 */
import * as vscode from 'vscode';
import type { ModelEntry } from '../../protocol/server.ts';
import { readSetting, runCommand, writeSetting } from '../lib/commands.ts';
import { EngineError } from '../lib/engine-error.ts';
import { formatBytes } from '../../protocol/format.ts';
import { downloadText } from '../../protocol/model-texts.ts';
import { pickModel } from './model-picker.ts';
import type { ModelService } from './model-service.ts';

export class ModelCommands {
  readonly #models: ModelService;

  constructor(models: ModelService) {
    this.#models = models;
  }

  async choose(): Promise<void> {
    await reportFailure(async () => {
      const choice = await pickModel(this.#models);
      switch (choice?.action) {
        case undefined:
          return;
        case 'use':
          return this.use(choice.entry.id);
        case 'download':
          return this.download(choice.entry.id);
        case 'cancel':
          return this.#models.cancelDownload(choice.entry.id);
        case 'remove':
          return this.#remove(choice.entry);
        case 'add':
          return this.add();
        case 'openFolder':
          return this.openFolder();
      }
    });
  }

  /** Remembers the choice and loads it. */
  async use(id: string): Promise<void> {
    await reportFailure(async () => {
      // Starts before the setting changes, so that the configuration listener joins this load and a failure is reported
      // once.
      const load = this.#models.load(id);
      await Promise.all([
        writeSetting('model', id),
        vscode.window.withProgress(
          { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Loading the model…') },
          () => load,
        ),
      ]);
    });
  }

  /** Downloads with a progress that can be cancelled, then uses the model. */
  async download(id: string): Promise<void> {
    await reportFailure(async () => {
      const title = this.#models.view?.entries.find((entry) => entry.id === id)?.title ?? id;
      await vscode.window.withProgress(
        {
          location: vscode.ProgressLocation.Notification,
          title: vscode.l10n.t('Downloading {0}', title),
          cancellable: true,
        },
        async (progress, token) => {
          token.onCancellationRequested(() => this.#models.cancelDownload(id));
          let shown = 0;
          const subscription = this.#models.onDidChange(() => {
            const now = this.#models.view?.downloads.find((download) => download.id === id)?.progress;
            if (now === undefined || now.totalBytes === 0) return;
            const percent = (100 * now.receivedBytes) / now.totalBytes;
            progress.report({ increment: percent - shown, message: downloadText(now, vscode.l10n.t) });
            shown = percent;
          });
          try {
            await this.#models.download(id);
          } finally {
            subscription.dispose();
          }
        },
      );
      await this.use(id);
    });
  }

  async add(): Promise<void> {
    await reportFailure(async () => {
      const [file] =
        (await vscode.window.showOpenDialog({
          title: vscode.l10n.t('Choose a GGUF file'),
          openLabel: vscode.l10n.t('Use This Model'),
          filters: { [vscode.l10n.t('GGUF models')]: ['gguf'] },
        })) ?? [];
      if (file === undefined) return;
      if (file.scheme !== 'file') {
        void vscode.window.showErrorMessage(
          vscode.l10n.t('{0} is not on this computer. The engine runs here and can only load local files.', file.path),
        );
        return;
      }
      const entry = await this.#models.add(file.fsPath);
      await this.use(entry.id);
    });
  }

  /** Clears the prompt cache. */
  async clearCache(): Promise<void> {
    await reportFailure(async () => {
      await this.#models.clearCache();
      void vscode.window.showInformationMessage(vscode.l10n.t('The prompt cache was cleared.'));
    });
  }

  async openFolder(): Promise<void> {
    await reportFailure(async () => {
      const { folder } = await this.#models.refresh();
      const uri = vscode.Uri.file(folder);
      await vscode.workspace.fs.createDirectory(uri);
      await vscode.env.openExternal(uri);
    });
  }

  async unload(): Promise<void> {
    await reportFailure(() => this.#models.unload());
  }

  async #remove(entry: ModelEntry): Promise<void> {
    if (this.#models.isInFolder(entry)) return this.#trash(entry);
    const own = entry.source === 'user';
    const remove = own ? vscode.l10n.t('Remove') : vscode.l10n.t('Delete');
    const answer = await vscode.window.showWarningMessage(
      own
        ? vscode.l10n.t('Remove {0} from the list?', entry.title)
        : vscode.l10n.t('Delete {0} from this computer?', entry.title),
      {
        modal: true,
        detail: own
          ? vscode.l10n.t('The file itself is kept.')
          : vscode.l10n.t('This frees {0}. You can download it again.', formatBytes(entry.fileBytes)),
      },
      remove,
    );
    if (answer !== remove) return;
    await this.#models.remove(entry.id);
    await this.#forgetChoice(entry);
  }

  /** A file that the user put into the models folder: it stays in the list until it is gone from there. */
  async #trash(entry: ModelEntry): Promise<void> {
    const move = vscode.l10n.t('Move to Trash');
    const question = vscode.l10n.t('Move {0} to the trash?', entry.title);
    const detail = vscode.l10n.t('It is in the models folder. Deleting it frees {0}.', formatBytes(entry.fileBytes));
    const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, move);
    if (answer !== move || entry.path === undefined) return;
    if (this.#models.loadedId === entry.id) await this.#models.unload();
    await vscode.workspace.fs.delete(vscode.Uri.file(entry.path), { useTrash: true });
    await this.#models.refresh();
    await this.#forgetChoice(entry);
  }

  async #forgetChoice({ id }: ModelEntry): Promise<void> {
    if (readSetting('model') === id) await writeSetting('model', '');
  }
}

/**
 * Runs an action and shows why it failed. An action that the user cancelled or interrupted has not failed. Settles
 * without waiting for the user, who may leave a notification unread for hours.
 */
export async function reportFailure(action: () => Promise<void> | void): Promise<void> {
  try {
    await action();
  } catch (error) {
    const failure = EngineError.from(error);
    if (failure.code === 'cancelled' || failure.interrupted) return;
    void showFailure(failure);
  }
}

async function showFailure({ code, message }: EngineError): Promise<void> {
  const showLog = vscode.l10n.t('Show Log');
  const choose = vscode.l10n.t('Choose Model…');
  const answer = await vscode.window.showErrorMessage(message, ...(code === 'noModel' ? [choose] : [showLog]));
  if (answer === showLog) await runCommand('paddock.showLog');
  if (answer === choose) await runCommand('paddock.models.choose');
}
