/** One place that a model file can come from. */
export interface ByteSource {
  /** Where the bytes come from, in words. */
  readonly name: string;
  /**
   * The bytes of the file from `offset` on. Throws `networkUnavailable` when the place cannot be reached: within
   * seconds, so that the next one can be tried.
   */
  read(offset: number, hooks: SourceHooks): AsyncIterable<Uint8Array>;
}

export interface SourceHooks {
  readonly signal: AbortSignal;
  /** Bytes on their way that are not yet part of the file: for progress only. */
  readonly onPending?: (bytes: number) => void;
}

/** Thrown by `read` when the place only gives the file from its beginning. */
export class RestartNeeded extends Error {}
