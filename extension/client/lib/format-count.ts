import * as vscode from 'vscode';

/** A whole number as people of the editor's language read it: 2,000,000. */
export function formatCount(value: number): string {
  return value.toLocaleString(vscode.env.language);
}
