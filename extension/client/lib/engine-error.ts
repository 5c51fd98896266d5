/** The one error type that features see when the engine could not do what they asked. */
import { errorCodes, type ErrorCode, type ErrorData } from '../../protocol/model.ts';

/** `message` is fit to show: it says what happened and what to do. */
export class EngineError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'EngineError';
    this.code = code;
  }

  static is(error: unknown, code: ErrorCode): error is EngineError {
    return error instanceof EngineError && error.code === code;
  }

  /** Any failure of a request: its `ErrorData.code` where it carries one, else `internal`. */
  static from(error: unknown): EngineError {
    if (error instanceof EngineError) return error;
    const message = error instanceof Error ? error.message : String(error);
    if (isRequestCancelled(error)) return new EngineError('cancelled', message, error);
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

function errorData(error: unknown): ErrorData | undefined {
  if (!(error instanceof Error) || !('data' in error)) return undefined;
  const { data } = error;
  if (typeof data !== 'object' || data === null || !('code' in data)) return undefined;
  const code = errorCodes.find((known) => known === data.code);
  if (code === undefined) return undefined;
  return 'cause' in data && typeof data.cause === 'string' ? { code, cause: data.cause } : { code };
}
