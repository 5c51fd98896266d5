import { errorCodes } from '../../protocol/model.ts';
import type { ErrorCode, ErrorData } from '../../protocol/model.ts';

/**
 * Every failure that leaves a server module. The message can be shown to the user: it says what happened and what to
 * do.
 */
export class EngineError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EngineError';
    this.code = code;
  }

  /** Whether a thrown value, including an `Error` of the addon, has this code. */
  static is(error: unknown, code: ErrorCode): boolean {
    return error instanceof Error && 'code' in error && error.code === code;
  }

  /** Wraps any thrown value; an unknown one gets the code `internal`. */
  static from(error: unknown): EngineError {
    if (error instanceof EngineError) {
      return error;
    }
    if (!(error instanceof Error)) {
      return new EngineError('internal', String(error));
    }
    if (error.name === 'AbortError') {
      return new EngineError('cancelled', 'Cancelled.', error);
    }
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    if (isErrorCode(code)) {
      return new EngineError(code, error.message, error);
    }
    return new EngineError(systemErrors[code] ?? 'internal', error.message, error);
  }
}

/** The `data` of a JSON-RPC error response. */
export function toErrorData(error: EngineError): ErrorData {
  const cause = error.cause;
  if (cause === undefined) {
    return { code: error.code };
  }
  return { code: error.code, cause: cause instanceof Error ? (cause.stack ?? cause.message) : JSON.stringify(cause) };
}

export function cancelledError(): EngineError {
  return new EngineError('cancelled', 'Cancelled.');
}

function isErrorCode(code: string): code is ErrorCode {
  return (errorCodes as readonly string[]).includes(code);
}

/** Error codes of the operating system -> our codes. */
const systemErrors: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'notFound',
  ENOTDIR: 'notFound',
  EISDIR: 'notAFile',
  EACCES: 'noPermission',
  EPERM: 'noPermission',
  EROFS: 'noPermission',
  ENOSPC: 'diskFull',
  EDQUOT: 'diskFull',
  ENOMEM: 'outOfMemory',
};
