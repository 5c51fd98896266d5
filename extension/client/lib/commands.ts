/** Commands, settings and context keys, by the names of the typed tables. */
import * as vscode from 'vscode';
import { settings, validateSetting, type SettingKey, type SettingValue } from '../../protocol/settings.ts';
import type { CommandId, contextKeys } from '../contributions/commands.ts';
import type { Disposable } from './lifetime.ts';

type Handler = (...args: readonly unknown[]) => unknown;

/** Registers a handler for every command of the table: a missing one does not compile. */
export function registerCommands(handlers: Readonly<Record<CommandId, Handler>>): Disposable {
  return vscode.Disposable.from(
    ...Object.entries(handlers).map(([id, handler]) => vscode.commands.registerCommand(id, handler)),
  );
}

export async function runCommand(id: CommandId, ...args: readonly unknown[]): Promise<void> {
  await vscode.commands.executeCommand(id, ...args);
}

export function readSetting<K extends SettingKey>(key: K, scope?: vscode.ConfigurationScope): SettingValue<K> {
  return validateSetting(key, vscode.workspace.getConfiguration('paddock', scope).get(key));
}

/** Writes the user's settings, as if typed there. */
export async function writeSetting<K extends SettingKey>(key: K, value: SettingValue<K>): Promise<void> {
  const same = value === settings[key].default;
  await vscode.workspace
    .getConfiguration('paddock')
    .update(key, same ? undefined : value, vscode.ConfigurationTarget.Global);
}

type ContextKey = (typeof contextKeys)[keyof typeof contextKeys];
const lastContext = new Map<ContextKey, boolean>();

/** Sends only changes, because this is called for each part of an answer. */
export async function setContext(key: ContextKey, value: boolean): Promise<void> {
  if (lastContext.get(key) === value) return;
  lastContext.set(key, value);
  await vscode.commands.executeCommand('setContext', key, value);
}
