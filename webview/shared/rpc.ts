/** JSON-RPC to the extension host over `postMessage`. */
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  createMessageConnection,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageConnection,
  type MessageReader,
  type MessageWriter,
} from 'vscode-jsonrpc/browser';

export interface HostApi {
  postMessage(message: unknown): void;
  /** State that survives while the page is hidden. */
  getState(): unknown;
  setState(state: unknown): void;
}

declare global {
  function acquireVsCodeApi(): HostApi;
}

export function connectHost(host: HostApi): MessageConnection {
  return createMessageConnection(new WindowReader(), new HostWriter(host));
}

class WindowReader extends AbstractMessageReader implements MessageReader {
  listen(callback: DataCallback): Disposable {
    const listener = ({ data }: MessageEvent<unknown>): void => {
      if (isMessage(data)) callback(data);
    };
    window.addEventListener('message', listener);
    return { dispose: () => window.removeEventListener('message', listener) };
  }
}

class HostWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #host: HostApi;

  constructor(host: HostApi) {
    super();
    this.#host = host;
  }

  write(message: Message): Promise<void> {
    this.#host.postMessage(message);
    return Promise.resolve();
  }

  end(): void {
    // Nothing is buffered.
  }
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'jsonrpc' in value;
}
