import type { CancellationToken, Connection, ProgressType, RequestParam } from 'vscode-languageserver/node';
import { ResponseError } from 'vscode-languageserver/node';
import { protocolVersion } from '../protocol/model.ts';
import type { ErrorData } from '../protocol/model.ts';
import {
  AddModel,
  Chat,
  ClearCache,
  CommitMessage,
  CommitMessageProgress,
  CountTokens,
  DownloadModel,
  DownloadModelProgress,
  Edit,
  EditProgress,
  EndEngine,
  EngineStateChanged,
  FollowWork,
  GenerationProgress,
  ListModels,
  LoadModel,
  LoadModelProgress,
  Complete,
  CompleteProgress,
  PlaceCode,
  RemoveModel,
  UnloadModel,
  WorkChanged,
} from '../protocol/server.ts';
import type { RoleState, ServerOptions } from '../protocol/server.ts';
import { placeCode } from './apply/place-code.ts';
import type { Completer } from './complete/completer.ts';
import { answerChat } from './chat/chat.ts';
import { answerCommitMessage } from './commit/commit-message.ts';
import { answerEdit } from './edit/edit.ts';
import { EngineError, toErrorData } from './engine/errors.ts';
import { serveLab } from './lab/serve-lab.ts';
import {
  checkChatParams,
  checkCommitMessageParams,
  checkEditParams,
  checkNetwork,
  checkCompleteParams,
  checkPlaceCodeParams,
  checkServerOptions,
  checkText,
} from './params.ts';
import { boundedCount } from './prompt/trim.ts';
import type { Room } from './room/room.ts';
import { followWork, workOf } from './room/work.ts';
import { createSession } from './session.ts';
import type { Session } from './session.ts';

export interface ServeOptions {
  /** Whether the client owns the process: it may run the lab there, and `shutdown` frees the model. */
  readonly isOwner: boolean;
  /** The client wants the process ended for everybody. */
  readonly onEnd?: () => void;
}

/** One client's requests until it is gone. */
export interface Served {
  /** Cancels what the client has asked for. Nothing more is sent to it. */
  close(): void;
}

/** Handles one client's messages. `initialize` creates its session. */
export function serve(connection: Connection, room: Room, { isOwner, onEnd }: ServeOptions): Served {
  const closing = new AbortController();
  let session: Promise<Session> | undefined;
  const client: Client = {
    connection,
    ready: () => {
      if (session === undefined) {
        throw new EngineError('internal', 'The client did not initialize the server.');
      }
      return session;
    },
    toSignal: (token) => AbortSignal.any([toSignal(token), closing.signal]),
    tell: (send) => {
      if (closing.signal.aborted) return;
      // The client may go while it is written to; then nobody misses the message.
      send().catch(() => {});
    },
  };
  const { ready, tell } = client;
  const sendState = (state: RoleState): void => tell(() => connection.sendNotification(EngineStateChanged, state));

  connection.onInitialize((params) =>
    orResponseError(async () => {
      const options: ServerOptions = checkServerOptions(params.initializationOptions);
      if (options.protocolVersion !== protocolVersion) {
        throw new EngineError('internal', 'The editor and the engine are of different versions. Reload the window.');
      }
      session = createSession(room, options, sendState);
      await session;
      return { capabilities: {} };
    }),
  );
  connection.onInitialized(() => {
    // A session that failed was reported by `initialize`.
    session?.then(({ states }) => states().forEach(sendState)).catch(() => {});
  });
  connection.onShutdown(async () => {
    if (isOwner) await (await ready()).unload();
  });

  connection.onRequest(ClearCache, () =>
    orResponseError(async () => {
      await (await ready()).clearCache();
      return null;
    }),
  );
  let unfollow = (): void => {};
  connection.onRequest(FollowWork, () => {
    unfollow();
    unfollow = followWork(room, (work) => tell(() => connection.sendNotification(WorkChanged, work)));
    return workOf(room);
  });
  connection.onRequest(EndEngine, () => {
    onEnd?.();
    return null;
  });
  serveModels(client, room);
  serveAnswers(client);
  if (isOwner) serveLab({ ...client, orResponseError });
  connection.listen();
  return {
    close: () => {
      closing.abort();
      unfollow();
      session?.then(({ close }) => close()).catch(() => {});
    },
  };
}

/** What the handlers of one client share. */
interface Client {
  readonly connection: Connection;
  readonly ready: () => Promise<Session>;
  /** Aborts when the request is cancelled and when the client is gone. */
  readonly toSignal: (token: CancellationToken) => AbortSignal;
  /** Sends to the client while it is there. */
  readonly tell: (send: () => Promise<void>) => void;
}

function serveModels(client: Client, room: Room): void {
  const { connection, ready, toSignal } = client;
  connection.onRequest(ListModels, () => orResponseError(async () => (await ready()).store.list()));
  connection.onRequest(AddModel, ({ path }) =>
    orResponseError(async () => (await ready()).store.add(checkText(path, 'path'))),
  );
  connection.onRequest(RemoveModel, ({ id }) =>
    orResponseError(async () => {
      const { store, completing } = await ready();
      const path = await store.resolve(checkText(id, 'id')).catch(() => undefined);
      for (const slot of [room.chat, room.completion]) {
        if (path !== undefined && slot.model?.info.path === path) await slot.unload();
      }
      await store.remove(id);
      completing.chooseAnew();
      return null;
    }),
  );
  connection.onRequest(DownloadModel, (params, token) =>
    orResponseError(async () => {
      const { store } = await ready();
      const { id, network } = params;
      const onProgress = partsTo(client, DownloadModelProgress, params);
      const hooks = { signal: toSignal(token), onProgress };
      return store.download(checkText(id, 'id'), hooks, network === undefined ? undefined : checkNetwork(network));
    }),
  );
  connection.onRequest(LoadModel, (params, token) =>
    orResponseError(async () => {
      const { store, engine } = await ready();
      const { id, patient, join } = params;
      const send = partsTo(client, LoadModelProgress, params);
      const path = await store.resolve(checkText(id, 'id'));
      if (join === true) return engine.join(path);
      return engine.load(path, {
        signal: toSignal(token),
        patient: patient === true,
        onProgress: (fraction) => send({ fraction }),
      });
    }),
  );
  connection.onRequest(UnloadModel, () =>
    orResponseError(async () => {
      await (await ready()).unload();
      return null;
    }),
  );
}

/** Sends the parts of a result that the client wants to hear about before its end. */
function partsTo<T>(
  { connection, tell }: Client,
  type: ProgressType<T>,
  { partialResultToken: listener }: { readonly partialResultToken?: string | number | undefined },
): (part: RequestParam<T>) => void {
  return (part) => {
    if (listener !== undefined) tell(() => connection.sendProgress(type, listener, part));
  };
}

function serveAnswers(client: Client): void {
  const { connection, ready, toSignal } = client;
  connection.onRequest(Chat, (params, token) =>
    orResponseError(async () => {
      const send = partsTo(client, GenerationProgress, params);
      return answerChat((await ready()).engine, checkChatParams(params), toSignal(token), send);
    }),
  );
  connection.onRequest(Edit, (params, token) =>
    orResponseError(async () => {
      const send = partsTo(client, EditProgress, params);
      return answerEdit(await ready(), checkEditParams(params), toSignal(token), send);
    }),
  );
  connection.onRequest(CommitMessage, (params, token) =>
    orResponseError(async () => {
      const send = partsTo(client, CommitMessageProgress, params);
      const { engine } = await ready();
      return answerCommitMessage(engine, checkCommitMessageParams(params), toSignal(token), send);
    }),
  );
  // Read when it is needed: no model that completes code is loaded at start.
  let completer: Promise<Completer> | undefined;
  connection.onRequest(Complete, (params, token) =>
    orResponseError(async () => {
      completer ??= import('./complete/completer.ts').then(({ Completer }) => new Completer());
      const { completing, syntax } = await ready();
      const session = { engine: completing, syntax };
      const send = partsTo(client, CompleteProgress, params);
      return (await completer).answer(session, checkCompleteParams(params), toSignal(token), send);
    }),
  );
  connection.onRequest(PlaceCode, (params) =>
    orResponseError(async () => placeCode((await ready()).syntax, checkPlaceCodeParams(params))),
  );
  connection.onRequest(CountTokens, ({ text }, token) =>
    orResponseError(async () => {
      const model = await (await ready()).engine.awake(toSignal(token));
      const count = (part: string): number => model.tokenize(part, false).length;
      return { tokens: boundedCount(checkText(text, 'text'), model.info.contextLength, count) };
    }),
  );
}

/** Gives every failure its `ErrorData`. */
async function orResponseError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const failure = EngineError.from(error);
    throw new ResponseError<ErrorData>(requestFailed, failure.message, toErrorData(failure));
  }
}

/** `LSPErrorCodes.RequestFailed`: the request was well formed and failed for a reason told in `data`. */
const requestFailed = -32803;

function toSignal(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) {
    controller.abort();
  }
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}
