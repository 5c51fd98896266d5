/**
 * The extension's entry: makes the parts and connects them. It loads nothing heavy; the engine starts
 * when something is first asked of it.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { object, text } from '../protocol/check.ts';
import { protocolVersion } from '../protocol/model.ts';
import { cacheOptions } from '../protocol/settings.ts';
import { Chat, CommitMessage, CountTokens, Edit, GenerationProgress, type ServerOptions } from '../protocol/server.ts';
import { ApplyCode } from './apply/apply-code.ts';
import { ChatCommands, answeringText, type ChatCommandOptions } from './chat/chat-commands.ts';
import { ChatService, type AnswerSource } from './chat/chat-service.ts';
import { ChatView } from './chat/chat-view.ts';
import { GhostText } from './complete/ghost-text.ts';
import { ConversationFiles } from './chat/conversation-files.ts';
import { chatFolders } from './chat/chat-folders.ts';
import { contextKeys } from './contributions/commands.ts';
import { createEdits } from './edit/edits.ts';
import type { EditProposer } from './edit/proposer.ts';
import { connectEngine } from './engine/connect-engine.ts';
import { startEngineProcess } from './engine/engine-process.ts';
import { EngineSupervisor } from './engine/supervisor.ts';
import { createLab } from './lab/lab.ts';
import { readSetting, registerCommands, setContext, writeSetting } from './lib/commands.ts';
import { formatCount } from './lib/format-count.ts';
import { DisposableStore } from './lib/lifetime.ts';
import { ModelCommands, reportFailure } from './models/model-commands.ts';
import { networkSettings } from './models/network-settings.ts';
import { ModelService } from './models/model-service.ts';
import { ScmCommands } from './scm/scm-commands.ts';
import { createStatusBar, showMenu } from './status/status-bar.ts';
import { TerminalCommands } from './terminal/terminal-commands.ts';

/** `deactivate` waits for this. */
let shutDown: (() => Promise<void>) | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const store = new DisposableStore();
  context.subscriptions.push(store);
  const log = store.add(vscode.window.createOutputChannel('Paddock', { log: true }));

  const engines = createEngines(context, log);
  const engine = store.add(engines.chat());
  const models = store.add(createModels(engine));
  const chat = store.add(createChat(context, log, answerSource(engine, models)));
  const modelCommands = new ModelCommands(models);
  const lab = store.add(createLab({ createEngine: engines.lab, models, modelCommands, context, log }));
  const edits = store.add(createEdits({ context, log, engine, models }));
  shutDown = async () => {
    await Promise.all([chat.shutDown(), edits.proposals.shutDown()]);
    await Promise.all([engine.stop(), lab.shutDown()]);
  };

  const chatCommands = createChatCommands({ engine, models, chat, modelCommands, proposer: edits.proposer });
  /** Called when a view that needs the engine becomes visible: lists the models and loads the chosen one. */
  const wakeUp = (): void => {
    models.ensureLoaded().catch((error: unknown) => log.info(String(error)));
  };
  const view = store.add(
    new ChatView({
      chat,
      engine,
      models,
      extensionUri: context.extensionUri,
      log,
      handlers: {
        attach: (part) => chatCommands.attach(part),
        reveal: (id) => chatCommands.reveal(id),
        useCode: (params) => chatCommands.useCode(params),
        openLink: (href) => chatCommands.openLink(href),
        run: (action) => chatCommands.run(action),
        model: (params) => chatCommands.model(params),
        shown: wakeUp,
      },
    }),
  );
  const ghostText = store.add(new GhostText({ engine, models, used: completionsUsed(context), log }));
  store.add(createStatusBar(engine, models));
  store.add(
    registerCommands({
      'paddock.openChat': () => view.focus(),
      'paddock.chat.new': () => chatCommands.newChat(view),
      'paddock.chat.history': () => chatCommands.history(),
      'paddock.chat.stop': () => chat.stop(),
      'paddock.chat.export': () => chatCommands.export(),
      'paddock.chat.delete': () => chatCommands.delete(),
      'paddock.chat.attachSelection': () => chatCommands.attachSelection(view),
      'paddock.edit.explain': () => chatCommands.explain(view),
      ...edits.handlers,
      ...createWorkbenchCommands({ engine, models, chatCommands, view }),
      'paddock.completions.snooze': () => ghostText.snooze(),
      'paddock.completions.resume': () => ghostText.resume(),
      'paddock.lab.open': () => lab.open(),
      'paddock.lab.new': () => lab.make(),
      'paddock.lab.show': () => lab.show(),
      'paddock.models.choose': () => modelCommands.choose(),
      'paddock.models.add': () => modelCommands.add(),
      'paddock.models.openFolder': () => modelCommands.openFolder(),
      'paddock.models.unload': () => modelCommands.unload(),
      'paddock.cache.clear': () => modelCommands.clearCache(),
      'paddock.engine.restart': () => reportFailure(() => engine.restart()),
      'paddock.showMenu': () => showMenu(engine, models, ghostText),
      'paddock.showLog': () => log.show(),
    }),
  );

  for (const disposable of connectEvents({ engine, models, chat, lab, wakeUp })) store.add(disposable);
  // Set by `npm start`, which opens a window for the chat.
  if (process.env['PADDOCK_OPEN_CHAT'] === '1') void view.focus();
  chat.restore().catch((error: unknown) => log.error(String(error)));
}

/** Settles when the chat is on disk and the engine has exited. */
export async function deactivate(): Promise<void> {
  await shutDown?.();
}

/** The two kinds of engine process: the one that all windows share, and the lab's own. */
function createEngines(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
  const module = join(context.extensionPath, 'dist', 'server.js');
  const { version } = object({ version: text() })(context.extension.packageJSON, 'package.json');
  const parts = { module, log, endedText: vscode.l10n.t('the process exited') };
  const interruptions = {
    interrupted: vscode.l10n.t('Interrupted, because the engine was stopped or restarted.'),
    cancelled: vscode.l10n.t('Cancelled.'),
  };
  return {
    chat: () =>
      new EngineSupervisor({
        connect: (signal) => connectEngine({ ...parts, version, debugPort: 6029, options: serverOptions() }, signal),
        log,
        texts: {
          stopped: vscode.l10n.t('The engine stopped unexpectedly. The chat is saved. Try again.'),
          unavailable: vscode.l10n.t('The engine could not be started. See the log for the reason.'),
          ...interruptions,
        },
      }),
    lab: () =>
      new EngineSupervisor({
        connect: (signal) => {
          // The lab asks each question once, so a prompt cache would not help.
          const options = { ...serverOptions(), prefixCacheBytes: 0, snapshotBytes: 0 };
          return startEngineProcess({ ...parts, debugPort: 6030, options }, signal);
        },
        log,
        texts: {
          stopped: vscode.l10n.t('The lab process stopped unexpectedly. Finished work is saved. Continue the run.'),
          unavailable: vscode.l10n.t('The lab process could not be started. See the log for the reason.'),
          ...interruptions,
        },
      }),
  };
}

function createModels(engine: EngineSupervisor): ModelService {
  return new ModelService({
    engine,
    chosen: { get: () => readSetting('model'), set: (id) => writeSetting('model', id) },
    texts: {
      noModel: vscode.l10n.t('There is no model on this computer yet. Choose one to download, or a GGUF file.'),
    },
    network: networkSettings,
  });
}

function createChat(context: vscode.ExtensionContext, log: vscode.LogOutputChannel, source: AnswerSource): ChatService {
  const folders = chatFolders(context);
  return new ChatService({
    files: new ConversationFiles(folders.current, folders.former),
    source,
    log,
    newId: randomUUID,
    lastShown: {
      get: () => context.workspaceState.get<string>('lastShownChat'),
      set: (id) => void context.workspaceState.update('lastShownChat', id),
    },
    limits: () => ({ maxTokens: readSetting('maxTokens'), sampler: { temperature: readSetting('temperature') } }),
    texts: {
      answering: answeringText(),
      opening: vscode.l10n.t('The chat is still opening. Send the question again in a moment.'),
      questionTooLong: (length, limit) =>
        vscode.l10n.t(
          'The question is too long: {0} characters, at most {1}.',
          formatCount(length),
          formatCount(limit),
        ),
      attachmentsTooLarge: (limit) =>
        vscode.l10n.t('The attachments are too long together: at most {0} characters. Remove one.', formatCount(limit)),
    },
    onSaveFailed: onceUntilQuiet((error) => {
      log.error(`The chat could not be saved: ${String(error)}`);
      void vscode.window.showErrorMessage(
        vscode.l10n.t('The chat could not be saved: {0}. Paddock tries again with the next message.', String(error)),
      );
    }),
  });
}

interface ChatParts {
  readonly engine: EngineSupervisor;
  readonly models: ModelService;
  readonly chat: ChatService;
  readonly modelCommands: ModelCommands;
  readonly proposer: EditProposer;
}

function createChatCommands({ engine, models, chat, modelCommands, proposer }: ChatParts): ChatCommands {
  const apply = new ApplyCode({
    engine,
    proposer,
    isLive: (id) => chat.isLive(id),
    attachmentsFor: (id) => chat.attachmentsFor(id),
  });
  const applyCode: ChatCommandOptions['applyCode'] = (params) => apply.apply(params);
  return new ChatCommands({ chat, models, modelCommands, newId: randomUUID, applyCode });
}

interface WorkbenchParts {
  readonly engine: EngineSupervisor;
  readonly models: ModelService;
  readonly chatCommands: ChatCommands;
  readonly view: ChatView;
}

/** The commands in the Source Control view and in the terminal. */
function createWorkbenchCommands({ view, ...parts }: WorkbenchParts) {
  const scm = new ScmCommands({ ...parts, newId: randomUUID });
  const terminal = new TerminalCommands(parts.chatCommands, randomUUID);
  return {
    'paddock.scm.commitMessage': (sourceControl: unknown) => scm.commitMessage(sourceControl),
    'paddock.scm.stop': () => scm.stop(),
    'paddock.scm.review': (sourceControl: unknown) => scm.review(sourceControl, view),
    'paddock.terminal.explainSelection': () => terminal.explainSelection(view),
    'paddock.terminal.explainCommand': () => terminal.explainCommand(view),
  };
}

/** Whether a model has completed code on this computer before. */
function completionsUsed({ globalState }: vscode.ExtensionContext): { get(): boolean; set(): void } {
  const key = 'completionsUsed';
  return {
    get: () => globalState.get(key, false),
    set: () => {
      if (!globalState.get(key, false)) void globalState.update(key, true);
    },
  };
}

interface Parts {
  readonly engine: EngineSupervisor;
  readonly models: ModelService;
  readonly chat: ChatService;
  readonly lab: ReturnType<typeof createLab>;
  readonly wakeUp: () => void;
}

/** Connects the parts to each other's events and to changes of settings. */
function connectEvents({ engine, models, chat, lab, wakeUp }: Parts): vscode.Disposable[] {
  return [
    engine.onDidConnect(({ again }) => {
      if (again) wakeUp();
    }),
    models.onDidChange(() => models.loaded !== undefined && chat.countAttachments()),
    chat.onDidChange(() => {
      void setContext(contextKeys.answering, chat.answering);
      void setContext(contextKeys.hasMessages, chat.conversation.turns.length > 0);
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      const needsRestart = startSettings.some((key) => event.affectsConfiguration(`paddock.${key}`));
      if (needsRestart) lab.renew();
      if (needsRestart) void reportFailure(() => engine.renew());
      if (event.affectsConfiguration('paddock.model')) void reportFailure(() => models.followChoice());
    }),
  ];
}

function answerSource(engine: EngineSupervisor, models: ModelService): AnswerSource {
  return {
    chat: async (params, token, onPart) => {
      await models.ensureLoaded(token);
      return engine.request(Chat, params, { token, progress: { type: GenerationProgress, onPart } });
    },
    onDidChangeWork: engine.onDidChangeWork,
    busyWith: () => {
      if (engine.isBusyWith(Edit)) return 'edit';
      return engine.isBusyWith(CommitMessage) ? 'commitMessage' : undefined;
    },
    countTokens: async (text) => {
      if (models.loaded === undefined) return undefined;
      return (await engine.request(CountTokens, { text })).tokens;
    },
  };
}

/** Reports an error at most once a minute. */
function onceUntilQuiet(tell: (error: unknown) => void): (error: unknown) => void {
  let last = -Infinity;
  return (error) => {
    if (performance.now() - last < 60_000) return;
    last = performance.now();
    tell(error);
  };
}

/** Settings that a connection begins with. */
const startSettings = [
  'modelsFolder',
  'threads',
  'polite',
  'contextLength',
  'cache',
  'unloadAfter',
  'completionModel',
] as const;

function serverOptions(): ServerOptions {
  const modelsFolder = readSetting('modelsFolder');
  return {
    protocolVersion,
    modelsFolder: modelsFolder === '' ? undefined : modelsFolder,
    threads: readSetting('threads'),
    polite: readSetting('polite'),
    contextLength: readSetting('contextLength'),
    compactCache: readSetting('cache.compact'),
    idleMs: readSetting('unloadAfter') * 60_000,
    completionModel: readSetting('completionModel'),
    ...cacheOptions(readSetting('cache.memory'), readSetting('cache.disk')),
  };
}
