/** States of the chat view, for tests and for looking at it. */

const timings = {
  promptTokens: 412,
  cachedTokens: 380,
  prefillMs: 640,
  completionTokens: 96,
  decodeMs: 6100,
  prefillTokensPerSecond: 50,
  decodeTokensPerSecond: 15.7,
};
const model = {
  path: '/models/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf',
  name: 'Qwen2.5-Coder-1.5B',
  architecture: 'qwen2',
  parameters: 1_543_714_304,
  quantization: 'Q4_K_M',
  contextLength: 8192,
  trainedContextLength: 32_768,
  memory: { weights: 1.1e9, kvCache: 2.3e8, scratch: 1e8, total: 1.43e9 },
  kernels: 'avx2',
  threads: 2,
  chatTemplate: 'x',
};
const entry = (id, title, description, bytes, need, fit, more = {}) => ({
  id,
  title,
  description,
  licence: 'Apache-2.0',
  fileBytes: bytes,
  partialBytes: 0,
  state: 'available',
  path: undefined,
  recommended: false,
  source: 'catalogue',
  memory: { weights: bytes, kvCache: need - bytes, scratch: 0, total: need },
  fit,
  ...more,
});
export const entries = [
  entry(
    'qwen2.5-coder-1.5b-instruct',
    'Qwen2.5-Coder 1.5B Instruct',
    'The best answers of these. For chat, Explain and Refactor.',
    1_117_320_768,
    1.5e9,
    'fits',
    { recommended: true },
  ),
  entry(
    'qwen2.5-coder-0.5b-instruct',
    'Qwen2.5-Coder 0.5B Instruct',
    'Quick on a slow computer, with simpler answers.',
    491_400_064,
    7.4e8,
    'fits',
  ),
  entry(
    'smollm2-135m-instruct',
    'SmolLM2 135M Instruct',
    'Tiny, to try things out. Its answers are weak.',
    98_362_432,
    2.1e8,
    'tight',
  ),
];
const models = (list, downloads = []) => ({
  entries: list,
  current: list.find(({ state }) => state === 'installed')?.id,
  totalMemory: 16.6e9,
  availableMemory: 6.1e9,
  downloads,
});
const installed = entries.map((value, index) =>
  index === 0 ? { ...value, state: 'installed', path: model.path } : value,
);

export const empty = {
  conversationId: 'c1',
  title: '',
  messages: [],
  attachments: [],
  context: undefined,
  engine: { kind: 'ready', model },
  models: models(installed),
};

export const firstRun = { ...empty, engine: { kind: 'noModel' }, models: models(entries) };

export const downloading = {
  ...firstRun,
  models: models(
    entries.map((value, index) =>
      index === 0
        ? { ...value, state: 'downloading' }
        : index === 1
          ? { ...value, state: 'partial', partialBytes: 2e8 }
          : value,
    ),
    [
      {
        id: entries[0].id,
        progress: {
          phase: 'downloading',
          receivedBytes: 4.1e8,
          totalBytes: 1_117_320_768,
          bytesPerSecond: 11.4e6,
          remainingSeconds: 62,
          source: 'hub',
        },
        error: undefined,
      },
      {
        id: entries[2].id,
        progress: undefined,
        error: 'The network cannot be reached. Check the connection, then try again.',
      },
    ],
  ),
};

const markdown = `A \`Map\` keeps its keys in the order in which they were added, so the oldest one is first. This removes it when the cache is full:

\`\`\`ts
export class LruCache<K, V> {
  readonly #items = new Map<K, V>();

  constructor(private readonly limit = 100) {}

  get(key: K): V | undefined {
    const value = this.#items.get(key); // most recent now
    if (value === undefined) return undefined;
    this.#items.delete(key);
    this.#items.set(key, value);
    return value;
  }
}
\`\`\`

Two things to know:

1. **\`get\` changes the order**, so it is not free of effects.
2. A value of \`undefined\` looks like a miss. See [MDN](https://developer.mozilla.org/).

| operation | cost |
|---|--:|
| get | O(1) |
| set | O(1) |`;

export const question = (id, text, attachments = []) => ({ id, role: 'user', text, attachments });
export const answer = (id, text, more = {}) => ({
  id,
  role: 'assistant',
  text,
  status: 'stop',
  prefill: undefined,
  waitingFor: undefined,
  timings,
  omitted: [],
  error: undefined,
  ...more,
});
const chip = (id, label, tokens) => ({
  id,
  label,
  path: `src/${label}`,
  kind: label.includes(':') ? 'selection' : 'file',
  tokens,
});

export const conversation = {
  ...empty,
  title: 'How does this cache work?',
  messages: [
    question('u1', 'How does this cache work, and what should I know about it?', [chip('x', 'lru-cache.ts:4-31', 212)]),
    answer('a1', markdown),
  ],
  attachments: [chip('y', 'main.ts', 840), chip('z', 'lru-cache.ts:4-31', 212)],
  context: { used: 2210, total: 8192 },
};

export const prefill = {
  ...empty,
  messages: [
    question('u1', 'Explain the open file to me', [chip('x', 'scheduler.ts', 1840)]),
    answer('a1', '', {
      status: 'waiting',
      timings: undefined,
      prefill: { done: 640, total: 1952, remainingSeconds: 14 },
    }),
  ],
  engine: { kind: 'answering', model },
};

const thoughts = `Okay, the user asks why the cache gives back \`undefined\`. Let me look at \`get\` first.

It reads the value, and returns early when it is \`undefined\`. So a stored \`undefined\` cannot be told from a miss:

\`\`\`ts
if (value === undefined) return undefined;
\`\`\`

Wait, \`has\` would tell them apart. I should say that, and keep it short.`;

export const thinking = {
  ...empty,
  messages: [
    question('u1', 'Why does get return undefined although I stored it?', [chip('x', 'lru-cache.ts:4-31', 212)]),
    answer('a1', `<think>\n${thoughts}`, { status: 'streaming', timings: undefined }),
  ],
  engine: { kind: 'answering', model },
};

export const thought = {
  ...empty,
  messages: [
    thinking.messages[0],
    answer(
      'a1',
      `<think>\n${thoughts}\n</think>\n\n\`get\` takes a value of \`undefined\` for a miss. Ask \`has\` first:\n\n\`\`\`ts\nif (!this.#items.has(key)) return undefined;\n\`\`\``,
    ),
    question('u2', 'And what does that cost?'),
    answer('a2', '<think>\nA second look-up in the', { status: 'cancelled' }),
  ],
};

export const failed = {
  ...conversation,
  attachments: [],
  messages: [
    question('u1', 'Write a haiku about pointers'),
    answer('a1', 'An address in hand,\nit follows the arrow', { status: 'cancelled' }),
    question('u2', 'And one about references'),
    answer('a2', 'The alias', {
      status: 'failed',
      timings: undefined,
      error: {
        code: 'engineStopped',
        message: 'The engine stopped unexpectedly. Nothing of the chat is lost: try again.',
        actions: ['retry', 'showLog'],
      },
    }),
  ],
  engine: { kind: 'restarting', message: 'The engine stopped unexpectedly and is started again.', delayMs: 1000 },
};

export const loading = {
  ...empty,
  engine: { kind: 'loading', model: 'qwen2.5-coder-1.5b-instruct-q4_k_m.gguf', fraction: 0.4 },
};
