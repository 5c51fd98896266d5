/**
 * What a server module may know of the process it runs in. `main.ts` of the child and of the terminal program
 * each make one; nothing else reads `process`.
 */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly arch: string;
  readonly pid: number;
  readonly homeFolder: string;
  /** The folder that holds `dist` and `media`. */
  readonly installFolder: string;
  isAlive(pid: number): boolean;
}
/** The host that a real process is. */
export declare function nodeHost(
  process: Pick<NodeJS.Process, 'env' | 'platform' | 'arch' | 'pid' | 'kill'>,
  installFolder: string,
): Host;
