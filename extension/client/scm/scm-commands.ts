/** Commands of the Source Control view: write a commit message, stop it, review the changes in the chat. */
import * as vscode from 'vscode';
import {
  CommitMessage,
  CommitMessageProgress,
  type CommitMessageParams,
  type CommitMessagePart,
} from '../../protocol/server.ts';
import type { ChatCommands } from '../chat/chat-commands.ts';
import type { ChatView } from '../chat/chat-view.ts';
import { textAttachment } from '../chat/text-attachment.ts';
import { contextKeys } from '../contributions/commands.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import { setContext } from '../lib/commands.ts';
import { EngineError } from '../lib/engine-error.ts';
import { reportFailure } from '../models/model-commands.ts';
import type { ModelService } from '../models/model-service.ts';
import { readChanges } from './changes.ts';
import { showChanges } from './diff.ts';
import { chooseRepository, type GitRepository } from './git-api.ts';
import { MessageBox } from './message-box.ts';

export interface ScmCommandOptions {
  readonly engine: EngineSupervisor;
  readonly models: ModelService;
  readonly chatCommands: ChatCommands;
  readonly newId: () => string;
}

/** Commits whose subjects show the style of the repository. */
const styleCommits = 20;

export class ScmCommands {
  readonly #options: ScmCommandOptions;
  /** Set while a message is being written. */
  #cancellation: vscode.CancellationTokenSource | undefined;

  constructor(options: ScmCommandOptions) {
    this.#options = options;
  }

  async commitMessage(sourceControl: unknown): Promise<void> {
    if (this.#cancellation !== undefined) return;
    const repository = await chooseTrusted(sourceControl);
    if (repository === undefined || this.#cancellation !== undefined) return;
    const cancellation = new vscode.CancellationTokenSource();
    this.#cancellation = cancellation;
    void setContext(contextKeys.writingCommitMessage, true);
    try {
      await reportFailure(() => this.#withProgress(repository, cancellation));
    } finally {
      this.#cancellation = undefined;
      cancellation.dispose();
      void setContext(contextKeys.writingCommitMessage, false);
    }
  }

  stop(): void {
    this.#cancellation?.cancel();
  }

  async review(sourceControl: unknown, view: ChatView): Promise<void> {
    const repository = await chooseTrusted(sourceControl);
    if (repository === undefined) return;
    await reportFailure(async () => {
      const files = await readChanges(repository);
      if (files.length === 0) return sayNoChanges();
      const name = vscode.l10n.t('Changes');
      const attachment = textAttachment({ name, languageId: 'diff', text: showChanges(files) }, this.#options.newId);
      await this.#options.chatCommands.ask(
        view,
        attachment,
        vscode.l10n.t('Review these changes. Name bugs, risks and unclear code, each with its file.'),
      );
    });
  }

  /** A bar in the Source Control view, and words in the status bar. */
  async #withProgress(repository: GitRepository, cancellation: vscode.CancellationTokenSource): Promise<void> {
    const inView = { location: vscode.ProgressLocation.SourceControl };
    const inStatusBar = {
      location: vscode.ProgressLocation.Window,
      title: vscode.l10n.t('Writing the commit message…'),
    };
    await vscode.window.withProgress(inView, () =>
      vscode.window.withProgress(inStatusBar, (progress) =>
        this.#write(repository, cancellation, (message) => progress.report({ message })),
      ),
    );
  }

  async #write(
    repository: GitRepository,
    cancellation: vscode.CancellationTokenSource,
    report: (message: string) => void,
  ): Promise<void> {
    const { engine, models } = this.#options;
    const { token } = cancellation;
    const box = new MessageBox(repository.inputBox);
    const files = await readChanges(repository);
    if (files.length === 0) return sayNoChanges();
    const params: CommitMessageParams = { files, recentSubjects: await subjects(repository), draft: box.before };
    const onPart = (part: CommitMessagePart): void => {
      if (part.kind === 'prefill') report(readingText(part.done, part.total));
      else if (part.message !== '' && !token.isCancellationRequested && !box.show(part.message)) cancellation.cancel();
    };
    try {
      await models.ensureLoaded(token);
      const progress = { type: CommitMessageProgress, onPart };
      const { message, finishReason } = await engine.request(CommitMessage, params, { token, progress });
      if (finishReason === 'cancelled' || token.isCancellationRequested) {
        throw new EngineError('cancelled', vscode.l10n.t('Cancelled.'));
      }
      if (message === '') {
        throw new EngineError(
          'internal',
          vscode.l10n.t('The model wrote no message. Try again, or choose a larger model.'),
        );
      }
      box.show(message);
    } catch (error) {
      box.restore();
      throw error;
    }
  }
}

/** A repository of a workspace that is not trusted may have hooks and filters that git runs. */
async function chooseTrusted(sourceControl: unknown): Promise<GitRepository | undefined> {
  if (vscode.workspace.isTrusted) return chooseRepository(sourceControl);
  void vscode.window.showWarningMessage(
    vscode.l10n.t('Git is not used in Restricted Mode. Trust this workspace first.'),
  );
  return undefined;
}

/** A repository without commits has none. */
async function subjects(repository: GitRepository): Promise<string[]> {
  const commits = await repository.log({ maxEntries: styleCommits }).catch(() => []);
  return commits.map(({ message }) => message.split('\n', 1)[0] ?? '');
}

function sayNoChanges(): void {
  void vscode.window.showInformationMessage(vscode.l10n.t('There are no changes in this repository.'));
}

function readingText(done: number, total: number): string {
  return vscode.l10n.t('Reading the changes: {0} %', total > 0 ? Math.floor((100 * done) / total) : 0);
}
