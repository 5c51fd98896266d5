/** The one error type that features see when the engine could not do what they asked. */
import { errorCodes, type ErrorCode, type ErrorData } from '../../protocol/model.ts';

/** `message` is fit to show: it says what happened and what to do. */
export class EngineError extends Error {
  readonly code: ErrorCode;
  /** The engine was stopped or restarted on purpose, so this is not a failure. Its code is `engineStopped`. */
  readonly interrupted: boolean = false;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'EngineError';
    this.code = code;
  }

  static interrupted(message: string): EngineError {
    return Object.assign(new EngineError('engineStopped', message), { interrupted: true });
  }

  static is(error: unknown, code: ErrorCode): error is EngineError {
    return error instanceof EngineError && error.code === code;
  }

  /** Any failure of a request: its `ErrorData.code` where it carries one, else `internal`. */
  static from(error: unknown): EngineError {
    if (error instanceof EngineError) return error;
    const message = error instanceof Error ? error.message : String(error);
    if (isRequestCancelled(error)) return new EngineError('cancelled', message, error);
    if (isConnectionGone(error)) return new EngineError('engineStopped', message, error);
    const data = errorData(error);
    return new EngineError(data?.code ?? 'internal', message, data?.cause ?? error);
  }
}

/** JSON-RPC's own codes for a request that was cancelled by the client or the server. */
const requestCancelled = -32_800;
const serverCancelled = -32_802;

function isRequestCancelled(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === requestCancelled || error.code === serverCancelled)
  );
}

/** Codes with which the connection rejects pending requests when the process is gone. */
const connectionCodes = new Set<unknown>([
  -32_097, // pending response rejected
  -32_096, // connection inactive
  -32_099, // message write error
]);

function isConnectionGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && connectionCodes.has(error.code);
}

function errorData(error: unknown): ErrorData | undefined {
  if (!(error instanceof Error) || !('data' in error)) return undefined;
  const { data } = error;
  if (typeof data !== 'object' || data === null || !('code' in data)) return undefined;
  const code = errorCodes.find((known) => known === data.code);
  if (code === undefined) return undefined;
  return 'cause' in data && typeof data.cause === 'string' ? { code, cause: data.cause } : { code };
}
