/** Answers from the room of the editor, for a program whose model is in memory there already. */
import { CancellationTokenSource } from 'vscode-languageserver/node';
import { isRecord } from '../../protocol/check.ts';
import { errorCodes, protocolVersion } from '../../protocol/model.ts';
import { Chat, CountTokens, GenerationProgress, LoadModel } from '../../protocol/server.ts';
import type { ChatParams, GenerationPart, GenerationResult, ServerOptions } from '../../protocol/server.ts';
import { EngineError } from '../engine/errors.ts';
import type { Host } from '../host.ts';
import { enterRunningRoom } from './running-room.ts';
import type { RunningRoom } from './running-room.ts';

/** A model that is loaded, here or there. */
export interface Answers {
  readonly modelName: string;
  /** As `answerChat`. */
  chat(params: ChatParams, signal: AbortSignal, send: (part: GenerationPart) => void): Promise<GenerationResult>;
  /** Tokens of a text. */
  count(text: string): Promise<number>;
  close(): void;
}

const options: ServerOptions = {
  protocolVersion,
  modelsFolder: undefined,
  threads: 0,
  polite: false,
  contextLength: 0,
  prefixCacheBytes: undefined,
  snapshotBytes: 0,
  compactCache: false,
  // It keeps nothing in memory for itself.
  idleMs: 1,
  completionModel: '',
};

/** `undefined` when no room has loaded this file. */
export async function joinRoom(host: Host, version: string, path: string): Promise<Answers | undefined> {
  const room = await enterRunningRoom(host, version);
  if (room === undefined) return undefined;
  const { connection } = room;
  const close = (): void => room.close();
  try {
    const params = { processId: null, rootUri: null, capabilities: {}, initializationOptions: options };
    await connection.sendRequest('initialize', params);
    await connection.sendNotification('initialized', {});
    const { name } = await connection.sendRequest(LoadModel, { id: path, join: true });
    const count = async (text: string): Promise<number> => (await connection.sendRequest(CountTokens, { text })).tokens;
    return { modelName: name, chat: (...asked) => chatIn(room, ...asked), count, close };
  } catch {
    close();
    return undefined;
  }
}

async function chatIn(
  { connection, closed }: RunningRoom,
  params: ChatParams,
  signal: AbortSignal,
  send: (part: GenerationPart) => void,
): Promise<GenerationResult> {
  const cancellation = new CancellationTokenSource();
  const cancel = (): void => cancellation.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  const partialResultToken = 'answer';
  const progress = connection.onProgress(GenerationProgress, partialResultToken, send);
  const lost = closed.then((): never => {
    throw new EngineError('engineStopped', 'The engine of the editor has stopped. Ask again.');
  });
  try {
    return await Promise.race([
      connection.sendRequest(Chat, { ...params, partialResultToken }, cancellation.token),
      lost,
    ]);
  } catch (error) {
    throw toEngineError(error);
  } finally {
    lost.catch(() => {});
    progress.dispose();
    cancellation.dispose();
    signal.removeEventListener('abort', cancel);
  }
}

/** The room tells the code of a failure beside its words. */
function toEngineError(error: unknown): EngineError {
  const data = error instanceof Error && 'data' in error && isRecord(error.data) ? error.data : {};
  const code = errorCodes.find((known) => known === data['code']);
  return code === undefined || !(error instanceof Error)
    ? EngineError.from(error)
    : new EngineError(code, error.message);
}
