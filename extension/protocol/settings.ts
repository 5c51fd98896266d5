/**
 * Every setting of Paddock: type, default, limits, scope and description. The manifest's `configuration` is generated
 * from this table, and defaults are defined only here.
 */
import { isRecord } from './check.ts';

interface SettingBase<T> {
  readonly default: T;
  /** `application`: the user's settings on this computer. Neither a workspace nor a remote machine can set it. */
  readonly scope: 'application' | 'window' | 'resource' | 'language-overridable';
  /** Markdown, English; the generator gives it a key in package.nls.json. */
  readonly description: string;
}
interface StringSetting extends SettingBase<string> {
  readonly type: 'string';
  /** All values that it can have, and what each means. */
  readonly choices?: Readonly<Record<string, string>>;
}
interface BooleanSetting extends SettingBase<boolean> {
  readonly type: 'boolean';
}
interface NumberSetting extends SettingBase<number> {
  readonly type: 'integer' | 'number';
  readonly minimum: number;
  readonly maximum: number;
}
/** Several that are on or off, each with its description. */
interface FlagsSetting extends SettingBase<Readonly<Record<string, boolean>>> {
  readonly type: 'flags';
  readonly flags: Readonly<Record<string, string>>;
}
export type Setting = StringSetting | BooleanSetting | NumberSetting | FlagsSetting;

/** Keys are without the prefix `paddock.`. The order is the order in the settings editor. */
export const settings = {
  model: {
    type: 'string',
    default: '',
    scope: 'application',
    description:
      'The model that answers: a catalogue name or the path of a GGUF file. Empty: the recommended installed model. `Paddock: Choose Model…` sets it.',
  },
  modelsFolder: {
    type: 'string',
    default: '',
    scope: 'application',
    description:
      'The folder that downloaded models are kept in. Empty: the data folder of the operating system. `PADDOCK_MODELS` in the environment is used when this is empty.',
  },
  threads: {
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 256,
    scope: 'application',
    description:
      'How many CPU threads compute an answer; never more than the computer can run at once. 0: the performance cores, or fewer where a short trial at loading finds that faster.',
  },
  polite: {
    type: 'boolean',
    default: false,
    scope: 'application',
    description: 'Leave one CPU core to other programs when `#paddock.threads#` is 0.',
  },
  contextLength: {
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 1_048_576,
    scope: 'application',
    description:
      'How many tokens of conversation and code the model sees at once. More needs more memory. 0: up to 8192, as far as the model was trained for it.',
  },
  'cache.memory': {
    type: 'integer',
    default: -1,
    minimum: -1,
    maximum: 1_048_576,
    scope: 'application',
    description:
      "Memory for the prompt cache, in MB. With it, returning to a conversation does not start over. -1: 1/32 of the computer's memory, at most 512. 0: only the latest one is remembered, and nothing on disk.",
  },
  'cache.disk': {
    type: 'integer',
    default: 2048,
    minimum: 0,
    maximum: 1_048_576,
    scope: 'application',
    description:
      'Disk space for the prompt cache, in MB. With it, a conversation continues quickly after a restart. It holds your conversations in the form that the model computes with; only your user account can read it. 0: nothing is written. `Paddock: Clear Prompt Cache` deletes it.',
  },
  'cache.compact': {
    type: 'boolean',
    default: false,
    scope: 'application',
    description:
      'Store the context in 8 instead of 16 bits. This halves its memory and changes answers slightly. For long contexts on small machines.',
  },
  temperature: {
    type: 'number',
    default: 0.2,
    minimum: 0,
    maximum: 2,
    scope: 'window',
    description: 'Sampling temperature of chat answers. 0 always takes the most likely token. Edits always use 0.',
  },
  maxTokens: {
    type: 'integer',
    default: 1024,
    minimum: 16,
    maximum: 32_768,
    scope: 'window',
    description: 'The longest answer, in tokens. You can continue an answer that reaches it.',
  },
  'edits.view': {
    type: 'string',
    default: 'inline',
    choices: {
      inline: 'In the file: old lines are marked, new ones stand below them.',
      sideBySide: "In VS Code's diff editor.",
    },
    scope: 'window',
    description: 'Where a proposed edit is shown.',
  },
  unloadAfter: {
    type: 'integer',
    default: 15,
    minimum: 0,
    maximum: 1440,
    scope: 'application',
    description:
      'Minutes after which a model that nobody uses is taken out of memory. The next question loads it again, which takes a second or less for each GB. 0: never.',
  },
  completions: {
    type: 'boolean',
    default: true,
    scope: 'language-overridable',
    description:
      'Completes code at the cursor while you type. Can be set for each language. Files with secrets are left out.',
  },
  completionsInComments: {
    type: 'boolean',
    default: true,
    scope: 'language-overridable',
    description: 'Completes comments as well. "Trigger Inline Suggestion" does so in any case.',
  },
  completionModel: {
    type: 'string',
    default: '',
    scope: 'application',
    description:
      'The model that completes code: a catalogue name or the path of a GGUF file. Empty: the smallest installed one that was made for it, if there is memory for it beside the model that answers, otherwise the one that answers.',
  },
  codeActions: {
    type: 'flags',
    default: { explain: true, fix: true, rewrite: true, document: true, tests: true, translate: true },
    flags: {
      explain: 'Explain the selected code in the chat.',
      fix: 'Fix errors and warnings.',
      rewrite: 'Rewrite the selected code as you say.',
      document: 'Write documentation comments.',
      tests: 'Write tests.',
      translate: 'Translate comments.',
    },
    scope: 'resource',
    description: 'What the light bulb menu offers.',
  },
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof settings;
type Widen<T> = T extends string
  ? string
  : T extends number
    ? number
    : T extends boolean
      ? boolean
      : { readonly [K in keyof T]: Widen<T[K]> };
export type SettingValue<K extends SettingKey> = Widen<(typeof settings)[K]['default']>;

/**
 * The effective value of a setting: the stored value if its type and range are right, the nearest limit for a number
 * outside the range, otherwise the default.
 */
export function validateSetting<K extends SettingKey>(key: K, value: unknown): SettingValue<K> {
  const setting: Setting = settings[key];
  return validate(setting, value) as SettingValue<K>;
}

function validate(setting: Setting, value: unknown): Setting['default'] {
  switch (setting.type) {
    case 'flags': {
      const given = isRecord(value) ? value : {};
      const known = Object.entries(setting.default);
      return Object.fromEntries(
        known.map(([name, fallback]) => [name, typeof given[name] === 'boolean' ? given[name] : fallback]),
      );
    }
    case 'string':
      if (typeof value !== 'string') return setting.default;
      return setting.choices === undefined || Object.hasOwn(setting.choices, value.trim())
        ? value.trim()
        : setting.default;
    case 'boolean':
      return typeof value === 'boolean' ? value : setting.default;
    case 'integer':
    case 'number': {
      if (typeof value !== 'number' || !Number.isFinite(value)) return setting.default;
      const within = Math.min(setting.maximum, Math.max(setting.minimum, value));
      return setting.type === 'integer' ? Math.round(within) : within;
    }
  }
}

/** The engine's options for the two cache settings, which are in MB. */
export function cacheOptions(
  memory: number,
  disk: number,
): { readonly prefixCacheBytes: number | undefined; readonly snapshotBytes: number } {
  return { prefixCacheBytes: memory < 0 ? undefined : memory * 2 ** 20, snapshotBytes: disk * 2 ** 20 };
}
