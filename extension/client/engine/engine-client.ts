/**
 * The connection to the engine's process through the language client, over node IPC: no port is opened. This file
 * is a bundle of its own (esbuild.mjs), because the language client is larger than everything else together and
 * only needed once the engine is.
 */
import * as vscode from 'vscode';
import {
  CancellationToken,
  CloseAction,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
  State,
  TransportKind,
} from 'vscode-languageclient/node';
import { EngineStateChanged, type EngineState, type ServerOptions } from '../../protocol/server.ts';
import type { EngineConnection } from './supervisor.ts';

export interface EngineClientOptions {
  readonly name: 'Paddock' | 'Paddock Lab';
  /** Absolute path of dist/server.js. */
  readonly module: string;
  readonly options: ServerOptions;
  readonly log: vscode.LogOutputChannel;
}

const debugPorts = { Paddock: 6029, 'Paddock Lab': 6030 };

export async function connectEngine({ name, module, options, log }: EngineClientOptions): Promise<EngineConnection> {
  const client = new LanguageClient(
    'paddock',
    name,
    {
      run: { module, transport: TransportKind.ipc },
      debug: {
        module,
        transport: TransportKind.ipc,
        options: { execArgv: ['--nolazy', `--inspect=${debugPorts[name]}`] },
      },
    },
    {
      documentSelector: [],
      outputChannel: log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: options,
      initializationFailedHandler: () => false,
      // Restarts are the supervisor's: it knows who waits and says what happens.
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
      },
    },
  );
  const lost = new vscode.EventEmitter<string>();
  const states = new vscode.EventEmitter<EngineState>();
  // Before the start, so that no state is missed.
  client.onNotification(EngineStateChanged, (state) => states.fire(state));
  let closing = false;
  const watch = client.onDidChangeState(({ newState }) => {
    if (newState === State.Stopped && !closing) lost.fire(vscode.l10n.t('its process ended'));
  });
  try {
    await client.start();
  } catch (error) {
    closing = true;
    watch.dispose();
    await client.dispose().catch(() => undefined);
    throw error;
  }
  return {
    pid: client.serverProcess?.pid,
    // A token that is `undefined` would be sent as one more parameter.
    send: (method, params, token = CancellationToken.None) =>
      params === undefined ? client.sendRequest(method, token) : client.sendRequest(method, params, token),
    notify: (method, params) => client.sendNotification(method, params),
    onProgress: (type, token, handler) => client.onProgress(type, token, handler),
    onState: (handler) => states.event(handler),
    onLost: (handler) => lost.event(handler),
    close: async () => {
      closing = true;
      watch.dispose();
      lost.dispose();
      states.dispose();
      await client.dispose(farewellMs);
    },
  };
}

/** The child writes what it read to disk before it goes; after this it is killed. VS Code itself waits some five seconds. */
const farewellMs = 3500;
