/**
 * Checks the client's messages where they enter. The client is ours, but it may be another version: a wrong message
 * must give a clear error and never reach the engine.
 */
import {
  CheckError,
  flag,
  list,
  number,
  object,
  oneOf,
  optional,
  text,
  whole,
  withDefault,
} from '../protocol/check.ts';
import type { Check } from '../protocol/check.ts';
import type { SamplerOptions } from '../protocol/model.ts';
import type {
  ChangedFile,
  ChatParams,
  ChatTurn,
  CodeContext,
  CompleteParams,
  EditDiagnostic,
  CommitMessageParams,
  EditParams,
  EditRound,
  NetworkSettings,
  RecentPlace,
  RelatedPlace,
  PlaceCodeParams,
  ServerOptions,
} from '../protocol/server.ts';
import { editKinds, recentPlaceLimits } from '../protocol/server.ts';
import { EngineError } from './engine/errors.ts';

/** Throws `invalidArgument` with the message of the check. */
export function checked<T>(check: Check<T>, value: unknown, place: string): T {
  try {
    return check(value, place);
  } catch (error) {
    throw error instanceof CheckError ? new EngineError('invalidArgument', `${error.message}.`, error) : error;
  }
}

export function checkText(value: unknown, name: string): string {
  return checked(text(), value, name);
}

export function checkServerOptions(value: unknown): ServerOptions {
  return checked(serverOptions, value, 'initializationOptions');
}

export function checkChatParams(value: unknown): ChatParams {
  return checked(chatParams, value, 'params');
}

export function checkEditParams(value: unknown): EditParams {
  return checked(editParams, value, 'params');
}

export function checkCommitMessageParams(value: unknown): CommitMessageParams {
  return checked(commitMessageParams, value, 'params');
}

export function checkCompleteParams(value: unknown): CompleteParams {
  return checked(completeParams, value, 'params');
}

export function checkPlaceCodeParams(value: unknown): PlaceCodeParams {
  return checked(
    object<PlaceCodeParams>({ text: text(), languageId: text(), code: text(), cursor: optional(whole()) }),
    value,
    'params',
  );
}

export function checkNetwork(value: unknown): NetworkSettings {
  return checked(networkSettings, value, 'network');
}

const serverOptions: Check<ServerOptions> = object<ServerOptions>({
  protocolVersion: whole(),
  modelsFolder: optional(text()),
  threads: whole(),
  contextLength: whole(),
  prefixCacheBytes: optional(whole()),
  snapshotBytes: withDefault(whole(), 0),
  polite: withDefault(flag, false),
  compactCache: withDefault(flag, false),
  idleMs: withDefault(whole(), 0),
  completionModel: withDefault(text(), ''),
});

const networkSettings: Check<NetworkSettings> = object<NetworkSettings>({
  useProxy: flag,
  proxy: text(),
  proxyAuthorization: text(),
  noProxy: list(text()),
  strictSsl: flag,
  systemCertificates: flag,
});

const { places: mostPlaces, characters: mostCharacters } = recentPlaceLimits;

const progressToken: Check<string | number | undefined> = (value, place) =>
  typeof value === 'string' ? value : optional(number())(value, place);

const completeParams: Check<CompleteParams> = object<CompleteParams>({
  path: text(),
  languageId: text(),
  prefix: text(),
  suffix: text(),
  folder: optional(text()),
  recent: optional(
    list(
      object<RecentPlace>({ path: text({ most: 1000 }), startLine: whole(1), text: text({ most: mostCharacters }) }),
      { most: mostPlaces },
    ),
  ),
  automatic: flag,
  justRead: optional(flag),
  inComments: optional(flag),
  partialResultToken: progressToken,
});

const attachment: Check<CodeContext> = object<CodeContext>({
  path: text(),
  languageId: text(),
  text: text(),
  startLine: optional(whole()),
  endLine: optional(whole()),
});

const turn: Check<ChatTurn> = object<ChatTurn>({
  role: oneOf(['system', 'user', 'assistant']),
  content: text(),
  attachments: withDefault(list(attachment), []),
});

const sampler: Check<SamplerOptions> = object<SamplerOptions>({
  temperature: optional(number()),
  topK: optional(number()),
  topP: optional(number()),
  minP: optional(number()),
  repetitionPenalty: optional(number()),
  seed: optional(number()),
});

const chatParams: Check<ChatParams> = object<ChatParams>({
  messages: list(turn),
  maxTokens: optional(whole()),
  sampler: optional(sampler),
  partialResultToken: progressToken,
});

const editDiagnostic: Check<EditDiagnostic> = object<EditDiagnostic>({
  line: number(),
  message: text(),
  related: optional(list(object<RelatedPlace>({ path: text(), line: number(), message: text() }))),
});

const editParams: Check<EditParams> = object<EditParams>({
  kind: oneOf(editKinds),
  instruction: text(),
  path: text(),
  languageId: text(),
  text: text(),
  start: whole(),
  end: whole(),
  diagnostics: list(editDiagnostic),
  references: optional(list(attachment)),
  framework: optional(text({ most: 100 })),
  previous: optional(list(object<EditRound>({ instruction: text(), replacement: text() }))),
  problems: optional(list(text())),
  partialResultToken: progressToken,
});

/** Checks diagnostics from a file, as `EditParams` has them. */
export function checkDiagnostics(value: unknown, place: string): readonly EditDiagnostic[] {
  return checked(list(editDiagnostic), value, place);
}

const commitMessageParams: Check<CommitMessageParams> = object<CommitMessageParams>({
  files: list(
    object<ChangedFile>({
      path: text(),
      change: oneOf(['added', 'deleted', 'renamed', 'modified']),
      added: whole(),
      removed: whole(),
      patch: text(),
    }),
  ),
  recentSubjects: list(text()),
  draft: text(),
  partialResultToken: progressToken,
});
