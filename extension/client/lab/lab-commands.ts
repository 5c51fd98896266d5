/** What the user does in the lab: open and make projects, add files, run, use what came of it. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import * as vscode from 'vscode';
import { dataMap, type DataMap } from '../../protocol/data-map.ts';
import type { LabStepName } from '../../protocol/lab.ts';
import type { LabAction, LabEdit, LabList } from '../../protocol/lab-view.ts';
import type { ModelEntry } from '../../protocol/server.ts';
import { runCommand } from '../lib/commands.ts';
import { EngineError } from '../lib/engine-error.ts';
import { reportFailure, type ModelCommands } from '../models/model-commands.ts';
import type { ModelService } from '../models/model-service.ts';
import { addPaths, applyEdit, newProject } from './lab-edit.ts';
import type { LabPanel, LabPanelHandlers } from './lab-panel.ts';
import { showReport } from './lab-report.ts';
import type { LabService } from './lab-service.ts';
import { chooseFiles, chooseNewFolder, chooseProject } from './project-picker.ts';

export interface LabCommandOptions {
  readonly lab: LabService;
  readonly models: ModelService;
  readonly modelCommands: ModelCommands;
  /** Folders of projects, the last one that was open first. */
  readonly recent: { get(): readonly string[]; set(folders: readonly string[]): void };
}

const mostRecent = 10;

export class LabCommands implements LabPanelHandlers {
  readonly #options: LabCommandOptions;
  /** Set once, right after both are made: each calls the other. */
  panel: LabPanel | undefined;
  /** The tab came back in Restricted Mode. */
  #waiting: string | undefined;

  constructor(options: LabCommandOptions) {
    this.#options = options;
  }

  /** Chooses among the projects there are, and opens one. */
  async open(): Promise<void> {
    if (!isTrusted()) return;
    await reportFailure(async () => {
      const { lab, recent } = this.#options;
      const choice = await chooseProject(recent.get(), lab.folder);
      if (choice?.action === 'new') return this.new();
      if (choice?.action === 'open') await this.#openFolder(choice.folder);
    });
  }

  async new(): Promise<void> {
    if (!isTrusted()) return;
    await reportFailure(async () => {
      const folder = await chooseNewFolder();
      if (folder === undefined) return;
      if (await exists(join(folder, 'lab.json'))) await this.#openFolder(folder);
      else await this.#make(folder);
    });
  }

  restored(folder: string): void {
    if (vscode.workspace.isTrusted) void this.#options.lab.open(folder).catch(() => undefined);
    else this.#waiting = folder;
  }

  /** The user trusts the workspace now. */
  trusted(): void {
    const folder = this.#waiting;
    this.#waiting = undefined;
    if (folder !== undefined) this.restored(folder);
  }

  edit(edit: LabEdit): void {
    this.#options.lab.edit((project) => applyEdit(project, edit));
  }

  async add(list: LabList): Promise<void> {
    const { lab } = this.#options;
    const { folder } = lab;
    if (folder === undefined || !isTrusted()) return;
    const paths = await chooseFiles(list, folder);
    lab.edit((project) => addPaths(project, folder, list, paths));
  }

  start(until: LabStepName | undefined): void {
    if (isTrusted()) void this.#options.lab.start(until);
  }

  stop(): void {
    this.#options.lab.stop();
  }

  async map(): Promise<DataMap | null> {
    const { lab } = this.#options;
    const path = lab.lab?.curation?.map;
    if (path === undefined || lab.folder === undefined) return null;
    try {
      return dataMap(JSON.parse(await readFile(resolve(lab.folder, path), 'utf8')), path);
    } catch {
      return null;
    }
  }

  /** The finished model answers in the chat. */
  async use(): Promise<void> {
    await reportFailure(async () => {
      const { lab, models, modelCommands } = this.#options;
      const release = lab.lab?.release;
      if (release === undefined) return;
      const { id } = await models.add(resolve(lab.folder ?? '', release.path));
      await modelCommands.use(id);
      await runCommand('paddock.openChat');
    });
  }

  async run(action: LabAction): Promise<void> {
    const { lab, models } = this.#options;
    await reportFailure(async () => {
      switch (action) {
        case 'openReport':
          if (lab.lab?.report !== undefined) await showReport(resolve(lab.folder ?? '', lab.lab.report));
          return;
        case 'revealModel':
          return reveal(lab.lab?.release?.path, lab.folder);
        case 'revealFolder':
          return reveal('lab.json', lab.folder);
        case 'chooseModel':
          return runCommand('paddock.models.choose');
        case 'chooseBaseFile': {
          const [file] = await chooseFiles('model', lab.folder);
          if (file === undefined) return;
          const { id } = await models.add(file);
          this.edit({ field: 'base', text: id });
          return;
        }
        case 'openProject':
          return runCommand('paddock.lab.open');
        case 'makeProject':
          if (lab.folder !== undefined) await this.#make(lab.folder);
          else await runCommand('paddock.lab.new');
          return;
        case 'reload':
          return lab.reload().catch(() => undefined);
        case 'showLog':
          return runCommand('paddock.showLog');
        case 'manageTrust':
          await vscode.commands.executeCommand('workbench.trust.manage');
      }
    });
  }

  async #make(folder: string): Promise<void> {
    const { lab, models } = this.#options;
    const { entries } = await models.refresh();
    await this.#unlessBusy(async () => lab.create(folder, newProject(basename(folder), firstBase(entries))));
    this.#remember(folder);
  }

  async #openFolder(folder: string): Promise<void> {
    await this.#unlessBusy(async () => this.#options.lab.open(folder));
    if (this.#options.lab.lab !== undefined) this.#remember(folder);
  }

  /** The page shows why a project cannot be read; that another one runs is asked about here. */
  async #unlessBusy(work: () => Promise<void>): Promise<void> {
    const { lab } = this.#options;
    try {
      await work();
    } catch (error) {
      if (EngineError.is(error, 'busy')) {
        const stop = vscode.l10n.t('Stop and Open');
        const show = vscode.l10n.t('Show It');
        const answer = await vscode.window.showWarningMessage(error.message, show, stop);
        if (answer === undefined) return;
        if (answer === stop) {
          const ended = new Promise((resolveEnd) => {
            const subscription = lab.onDidEnd((outcome) => {
              subscription.dispose();
              resolveEnd(outcome);
            });
          });
          lab.stop();
          await ended;
          return this.#unlessBusy(work);
        }
      }
    }
    this.panel?.show();
  }

  #remember(folder: string): void {
    const { recent } = this.#options;
    recent.set([folder, ...recent.get().filter((other) => other !== folder)].slice(0, mostRecent));
  }
}

/** The smallest model of the catalogue that is here is soonest trained; without one the page says what to do. */
function firstBase(entries: readonly ModelEntry[]): string {
  const [smallest] = entries
    .filter(({ state, source }) => state === 'installed' && source === 'catalogue')
    .sort((a, b) => a.fileBytes - b.fileBytes);
  return smallest?.id ?? '';
}

/** The lab reads what a project names and writes beside it, so it waits until the workspace is trusted. */
function isTrusted(): boolean {
  if (vscode.workspace.isTrusted) return true;
  const manage = vscode.l10n.t('Manage Workspace Trust');
  void vscode.window
    .showWarningMessage(vscode.l10n.t('The lab does not run in Restricted Mode. Trust this workspace first.'), manage)
    .then(async (answer) => {
      if (answer === manage) await vscode.commands.executeCommand('workbench.trust.manage');
    });
  return false;
}

async function reveal(path: string | undefined, folder: string | undefined): Promise<void> {
  if (path === undefined || folder === undefined) return;
  const file = resolve(folder, path);
  // In a browser there is no file manager: the next best is VS Code's own.
  if (vscode.env.uiKind === vscode.UIKind.Web) {
    await vscode.window.showOpenDialog({ defaultUri: vscode.Uri.file(dirname(file)) });
  } else {
    await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(file));
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
