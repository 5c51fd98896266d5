/** The part of `vscode.LogOutputChannel` that logic needs; tests pass their own. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string | Error): void;
}
