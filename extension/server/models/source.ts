/** One place that a model file can come from. */
export interface ByteSource {
  /** Where the bytes come from, in words. */
  readonly name: string;
  /**
   * The bytes of the file from `offset` on. Throws `networkUnavailable` within seconds when the source cannot be
   * reached, so that the next one can be tried.
   */
  read(offset: number, hooks: SourceHooks): AsyncIterable<Uint8Array>;
}

export interface SourceHooks {
  readonly signal: AbortSignal;
  /** Bytes on their way that are not yet part of the file: for progress only. */
  readonly onPending?: (bytes: number) => void;
}

/** Thrown by `read` when the source can only send the file from the beginning. */
export class RestartNeeded extends Error {}
