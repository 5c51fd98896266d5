/** Makes the parts of the lab and connects them. Nothing is started before first use. */
import * as vscode from 'vscode';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';
import type { ModelCommands } from '../models/model-commands.ts';
import type { ModelService } from '../models/model-service.ts';
import { LabCommands } from './lab-commands.ts';
import { createLabNotices } from './lab-notices.ts';
import { LabPanel } from './lab-panel.ts';
import { LabService } from './lab-service.ts';

export interface LabOptions {
  readonly createEngine: () => EngineSupervisor;
  readonly models: ModelService;
  readonly modelCommands: ModelCommands;
  readonly context: vscode.ExtensionContext;
  readonly log: Log;
}

export interface Lab extends Disposable {
  open(): Promise<void>;
  make(): Promise<void>;
  show(): void;
  /** Settings of the engine have changed. */
  renew(): void;
  shutDown(): Promise<void>;
}

export function createLab({ createEngine, models, modelCommands, context, log }: LabOptions): Lab {
  const store = new DisposableStore();
  const lab = store.add(
    new LabService({
      createEngine,
      log,
      texts: { busy: (title) => vscode.l10n.t('The lab is working on “{0}”.', title) },
    }),
  );
  const commands = new LabCommands({
    lab,
    models,
    modelCommands,
    recent: {
      get: () => context.globalState.get<readonly string[]>('labProjects', []),
      set: (folders) => void context.globalState.update('labProjects', folders),
    },
  });
  const { extensionUri } = context;
  const panel = store.add(new LabPanel({ lab, models, extensionUri, log, handlers: commands }));
  commands.panel = panel;
  store.add(vscode.workspace.onDidGrantWorkspaceTrust(() => commands.trusted()));
  store.add(createLabNotices(lab, panel));
  return {
    open: () => commands.open(),
    make: () => commands.new(),
    show: () => panel.show(),
    renew: () => lab.renew(),
    shutDown: () => lab.shutDown(),
    dispose: () => store.dispose(),
  };
}
