/** JSON-RPC over a webview's `postMessage`. Messages from the page are untrusted and checked here, once. */
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  createMessageConnection,
  Emitter,
  ErrorCodes,
  Message,
  type DataCallback,
  type MessageConnection,
  type MessageReader,
  type MessageWriter,
} from 'vscode-jsonrpc/node';
import { isRecord } from '../../protocol/check.ts';
import { isValidRequest, type RequestChecks } from '../../protocol/view.ts';
import type { Disposable } from './lifetime.ts';
import type { Log } from './log.ts';

/** The part of `vscode.Webview` that is needed. */
export interface MessagePort {
  postMessage(message: unknown): Thenable<boolean>;
  onDidReceiveMessage(listener: (message: unknown) => void): Disposable;
}

/** `checks` names what the page may ask. */
export function connectWebview(port: MessagePort, checks: RequestChecks, log: Log): MessageConnection {
  return createMessageConnection(new WebviewReader(port, checks, log), new WebviewWriter(port), {
    error: (message) => log.error(message),
    warn: (message) => log.warn(message),
    info: (message) => log.info(message),
    log: (message) => log.debug(message),
  });
}

class WebviewReader extends AbstractMessageReader implements MessageReader {
  readonly #messages = new Emitter<Message>();
  readonly #subscription: Disposable;

  constructor(port: MessagePort, checks: RequestChecks, log: Log) {
    super();
    this.#subscription = port.onDidReceiveMessage((message) => {
      if (isTrusted(message, checks)) {
        this.#messages.fire(message);
        return;
      }
      log.warn('A message of a page was refused: it is not one that this version knows.');
      // Without an answer the page would wait for ever.
      const refusal = refusalOf(message);
      if (refusal !== undefined) void port.postMessage(refusal);
    });
  }

  listen(callback: DataCallback): Disposable {
    return this.#messages.event(callback);
  }

  override dispose(): void {
    super.dispose();
    this.#subscription.dispose();
    this.#messages.dispose();
  }
}

class WebviewWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    super();
    this.#port = port;
  }

  /** A message to a view that is gone is dropped: the next one asks for a snapshot. */
  async write(message: Message): Promise<void> {
    await this.#port.postMessage(message);
  }

  end(): void {
    // Nothing is buffered.
  }
}

/** Undefined for what is not a request. */
function refusalOf(message: unknown): unknown {
  if (!isRecord(message) || !('method' in message)) return undefined;
  const { id } = message;
  if (typeof id !== 'number' && typeof id !== 'string') return undefined;
  const error = { code: ErrorCodes.InvalidParams, message: 'The request is not one that this version accepts.' };
  return { jsonrpc: '2.0', id, error };
}

function isTrusted(value: unknown, checks: RequestChecks): value is Message {
  if (typeof value !== 'object' || value === null || !('jsonrpc' in value) || value.jsonrpc !== '2.0') return false;
  const message = value as Message;
  if (Message.isRequest(message)) return isValidRequest(checks, message.method, message.params);
  if (Message.isNotification(message)) return message.method === '$/cancelRequest';
  return Message.isResponse(message);
}
