/**
 * Every setting of Paddock: type, default, limits, scope and the text that the user reads. The manifest's
 * `configuration` is generated from this table, and defaults live nowhere else.
 */

interface SettingBase<T> {
  readonly default: T;
  /** `application`: the user's settings on this computer. Neither a workspace nor a remote machine can set it. */
  readonly scope: 'application' | 'window' | 'resource';
  /** Markdown, English; the generator gives it a key in package.nls.json. */
  readonly description: string;
}
interface StringSetting extends SettingBase<string> {
  readonly type: 'string';
}
interface BooleanSetting extends SettingBase<boolean> {
  readonly type: 'boolean';
}
interface NumberSetting extends SettingBase<number> {
  readonly type: 'integer' | 'number';
  readonly minimum: number;
  readonly maximum: number;
}
export type Setting = StringSetting | BooleanSetting | NumberSetting;

/** Keys are without the prefix `paddock.`. The order is the order in the settings editor. */
export const settings = {
  model: {
    type: 'string',
    default: '',
    scope: 'application',
    description:
      'The model that answers: a name of the catalogue or the path of a GGUF file. Empty: the recommended one of those that are installed. `Paddock: Choose Model…` sets it.',
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
      "Memory, in MB, for what the model has read before, so that returning to a conversation does not begin from the start. -1: 1/32 of the computer's memory, at most 512. 0: none, and none on disk either.",
  },
  'cache.disk': {
    type: 'integer',
    default: 2048,
    minimum: 0,
    maximum: 1_048_576,
    scope: 'application',
    description:
      'Disk space, in MB, for the same, so that a conversation goes on quickly after a restart. It holds what you wrote, in the form that the model computes with; only your user account can read it. 0: nothing is written. `Paddock: Clear the Prompt Cache` deletes it.',
  },
  'cache.compact': {
    type: 'boolean',
    default: false,
    scope: 'application',
    description:
      'Keep what the model has read in 8 instead of 16 bits: about half the memory for the same context, for answers that differ a little. For long contexts on small machines.',
  },
  temperature: {
    type: 'number',
    default: 0.2,
    minimum: 0,
    maximum: 2,
    scope: 'window',
    description:
      'How freely the model chooses its words in the chat. 0 always takes the most likely one. Edits always use 0.',
  },
  maxTokens: {
    type: 'integer',
    default: 1024,
    minimum: 16,
    maximum: 32_768,
    scope: 'window',
    description: 'The longest answer, in tokens. An answer that reaches it says so and can be continued.',
  },
  codeActions: {
    type: 'boolean',
    default: true,
    scope: 'resource',
    description: 'Offer Explain, Refactor and Fix in the light bulb menu.',
  },
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof settings;
type Widen<T> = T extends string ? string : T extends number ? number : T extends boolean ? boolean : never;
export type SettingValue<K extends SettingKey> = Widen<(typeof settings)[K]['default']>;

/**
 * The value to use for what a settings file holds: the value itself when it is of the right type and within its
 * limits, the nearest limit for a number outside of them, else the default.
 */
export function validateSetting<K extends SettingKey>(key: K, value: unknown): SettingValue<K> {
  const setting: Setting = settings[key];
  return validate(setting, value) as SettingValue<K>;
}

function validate(setting: Setting, value: unknown): string | number | boolean {
  switch (setting.type) {
    case 'string':
      return typeof value === 'string' ? value.trim() : setting.default;
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

/** What the two settings of the cache, in MB, mean to the engine. */
export function cacheOptions(
  memory: number,
  disk: number,
): { readonly prefixCacheBytes: number | undefined; readonly snapshotBytes: number } {
  return { prefixCacheBytes: memory < 0 ? undefined : memory * 2 ** 20, snapshotBytes: disk * 2 ** 20 };
}
