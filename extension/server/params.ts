import type { ChatParams, EditParams, ServerOptions } from '../protocol/server.ts';
import { EngineError } from './engine/errors.ts';

/**
 * Checks of what comes over the wire, where it enters. The client is ours, but a message may come from another
 * version of it; a wrong one ends in words, not in the engine.
 */

export function checkServerOptions(value: unknown): ServerOptions {
  const options = checkObject(value, 'initializationOptions');
  return {
    protocolVersion: checkCount(options['protocolVersion'], 'protocolVersion'),
    modelsFolder: optional(options['modelsFolder'], checkText, 'modelsFolder'),
    threads: checkCount(options['threads'], 'threads'),
    contextLength: checkCount(options['contextLength'], 'contextLength'),
    kernels: checkText(options['kernels'], 'kernels'),
    locale: checkText(options['locale'], 'locale'),
    prefixCacheBytes: optional(options['prefixCacheBytes'], checkCount, 'prefixCacheBytes'),
    snapshotBytes: optional(options['snapshotBytes'], checkCount, 'snapshotBytes') ?? 0,
    polite: optional(options['polite'], checkFlag, 'polite') ?? false,
    compactCache: optional(options['compactCache'], checkFlag, 'compactCache') ?? false,
  };
}

export function checkChatParams(params: ChatParams): ChatParams {
  checkObject(params, 'params');
  checkList(params.messages, 'messages').forEach((value, index) => {
    const message = checkObject(value, `messages[${index}]`);
    if (!['system', 'user', 'assistant'].includes(checkText(message['role'], `messages[${index}].role`))) {
      throw invalid(`messages[${index}].role`, 'is not one of system, user, assistant');
    }
    checkText(message['content'], `messages[${index}].content`);
    checkList(message['attachments'] ?? [], `messages[${index}].attachments`).forEach(checkAttachment);
  });
  optional(params.maxTokens, checkCount, 'maxTokens');
  for (const [name, option] of Object.entries(params.sampler ?? {})) {
    optional(option, checkNumber, `sampler.${name}`);
  }
  return params;
}

export function checkEditParams(params: EditParams): EditParams {
  checkObject(params, 'params');
  if (params.kind !== 'refactor' && params.kind !== 'fix') {
    throw invalid('kind', 'is not refactor or fix');
  }
  for (const name of ['instruction', 'path', 'languageId', 'before', 'selection', 'after'] as const) {
    checkText(params[name], name);
  }
  checkList(params.diagnostics, 'diagnostics').forEach((value, index) => {
    const diagnostic = checkObject(value, `diagnostics[${index}]`);
    checkNumber(diagnostic['line'], `diagnostics[${index}].line`);
    checkText(diagnostic['message'], `diagnostics[${index}].message`);
  });
  return params;
}

export function checkText(value: unknown, name: string): string {
  if (typeof value !== 'string') {
    throw invalid(name, 'is not a text');
  }
  return value;
}

function checkAttachment(value: unknown, index: number): void {
  const attachment = checkObject(value, `attachments[${index}]`);
  for (const name of ['path', 'languageId', 'text']) {
    checkText(attachment[name], `attachments[${index}].${name}`);
  }
  optional(attachment['startLine'], checkCount, 'startLine');
  optional(attachment['endLine'], checkCount, 'endLine');
}

function checkObject(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(name, 'is not an object');
  }
  return value as Record<string, unknown>;
}

function checkList(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw invalid(name, 'is not a list');
  }
  return value;
}

function checkFlag(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') {
    throw invalid(name, 'is not true or false');
  }
  return value;
}

function checkNumber(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw invalid(name, 'is not a number');
  }
  return value;
}

function checkCount(value: unknown, name: string): number {
  const number = checkNumber(value, name);
  if (!Number.isInteger(number) || number < 0) {
    throw invalid(name, 'is not a whole number from 0 on');
  }
  return number;
}

function optional<T>(value: unknown, check: (value: unknown, name: string) => T, name: string): T | undefined {
  return value === undefined || value === null ? undefined : check(value, name);
}

function invalid(name: string, problem: string): EngineError {
  return new EngineError('invalidArgument', `${name} ${problem}.`);
}
