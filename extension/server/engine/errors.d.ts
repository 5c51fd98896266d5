import type { ErrorCode, ErrorData } from '../../protocol/model.ts';
/**
 * Every failure that leaves a server module. The message is fit to show: it says what happened and what to do.
 */
export declare class EngineError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, cause?: unknown);
  /** Asks any thrown value, also an `Error` made by the addon, for its code. */
  static is(error: unknown, code: ErrorCode): boolean;
  /** Gives any thrown value a code; what is not known becomes `internal`. */
  static from(error: unknown): EngineError;
}
/** The `data` of a JSON-RPC error response. */
export declare function toErrorData(error: EngineError): ErrorData;
export declare function cancelledError(): EngineError;
