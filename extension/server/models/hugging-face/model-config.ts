import type { GgufValue } from './gguf-header.ts';
import { quoted } from './json-file.ts';
import type { Json, JsonFile } from './json-file.ts';
import { readRope } from './rope.ts';
import type { Rope } from './rope.ts';

export type Family = 'llama' | 'qwen2' | 'qwen3';

/** What config.json says of a model that can be converted. */
export interface ModelConfig {
  readonly family: Family;
  readonly layers: number;
  readonly hidden: number;
  readonly feedForward: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** The configuration names the size of a head. */
  readonly namesHeadDim: boolean;
  /** Rows of the embedding. */
  readonly vocabulary: number;
  readonly context: number;
  readonly normEpsilon: number;
  readonly rope: Rope;
  /** The embedding is the output head as well; undefined when the configuration does not say. */
  readonly tied: boolean | undefined;
}

const families: Readonly<Record<string, { readonly family: Family; readonly headDim?: number }>> = {
  LlamaForCausalLM: { family: 'llama' },
  Qwen2ForCausalLM: { family: 'qwen2' },
  Qwen3ForCausalLM: { family: 'qwen3', headDim: 128 },
};

/** Throws `unsupportedModel` for a feature that the engine lacks, and `invalidModel` for an impossible value. */
export function readModelConfig(file: JsonFile): ModelConfig {
  const config = file.root;
  const { family, headDim: usualHeadDim } = readFamily(file);
  refuseUnsupported(file, config, family);
  const count = (key: string, most: number) => file.whole(config[key], key, 1, most);
  const layers = count('num_hidden_layers', 512);
  refuseSlidingWindow(file, config, layers);
  const hidden = count('hidden_size', 2 ** 16);
  const heads = count('num_attention_heads', 1024);
  const kvHeads = file.whole(config['num_key_value_heads'] ?? heads, 'num_key_value_heads', 1, heads);
  const namesHeadDim = isThere(config['head_dim']);
  const headDim = namesHeadDim
    ? file.whole(config['head_dim'], 'head_dim', 2, 512)
    : (usualHeadDim ?? file.whole(hidden / heads, 'hidden_size divided by num_attention_heads', 2, 512));
  if (heads % kvHeads !== 0 || headDim % 2 !== 0) {
    throw file.wrong('num_attention_heads, num_key_value_heads and head_dim', 'do not fit each other');
  }
  const tied = config['tie_word_embeddings'];
  return {
    family,
    layers,
    hidden,
    feedForward: count('intermediate_size', 2 ** 18),
    heads,
    kvHeads,
    headDim,
    namesHeadDim: namesHeadDim || usualHeadDim !== undefined,
    vocabulary: count('vocab_size', 2 ** 20),
    context: count('max_position_embeddings', 2 ** 24),
    normEpsilon: file.number(config['rms_norm_eps'] ?? 1e-6, 'rms_norm_eps', 0, 0.1),
    rope: readRope(file, family),
    tied: typeof tied === 'boolean' ? tied : undefined,
  };
}

/** The keys of GGUF's documentation (ggml docs, gguf.md), under the name of the family. */
export function configMetadata(config: ModelConfig, name: string): [string, GgufValue][] {
  const { family, rope } = config;
  const uint32 = (value: number): GgufValue => ({ type: 'uint32', value });
  const float32 = (value: number): GgufValue => ({ type: 'float32', value });
  const text = (value: string): GgufValue => ({ type: 'string', value });
  const of = (key: string, value: GgufValue): [string, GgufValue] => [`${family}.${key}`, value];
  return [
    ['general.architecture', text(family)],
    ['general.type', text('model')],
    ['general.name', text(name)],
    of('block_count', uint32(config.layers)),
    of('context_length', uint32(config.context)),
    of('embedding_length', uint32(config.hidden)),
    of('feed_forward_length', uint32(config.feedForward)),
    of('attention.head_count', uint32(config.heads)),
    of('attention.head_count_kv', uint32(config.kvHeads)),
    of('attention.layer_norm_rms_epsilon', float32(config.normEpsilon)),
    ...(config.namesHeadDim
      ? [of('attention.key_length', uint32(config.headDim)), of('attention.value_length', uint32(config.headDim))]
      : []),
    of('vocab_size', uint32(config.vocabulary)),
    of('rope.dimension_count', uint32(config.headDim)),
    of('rope.freq_base', float32(rope.base)),
    ...(rope.linearFactor === undefined
      ? []
      : [of('rope.scaling.type', text('linear')), of('rope.scaling.factor', float32(rope.linearFactor))]),
  ];
}

function readFamily(file: JsonFile): { readonly family: Family; readonly headDim?: number } {
  const list = file.root['architectures'];
  const names = Array.isArray(list) ? list.map((name) => String(name)) : [];
  const [name = ''] = names;
  const known = names.length === 1 && Object.hasOwn(families, name) ? families[name] : undefined;
  const type = file.root['model_type'];
  if (known === undefined || (type !== undefined && type !== known.family)) {
    throw file.unsupported(
      `a model of the kind ${quoted(names.length > 0 ? list : type)} is not known here (${Object.keys(families).join(', ')} are)`,
    );
  }
  return known;
}

function refuseUnsupported(file: JsonFile, config: Json, family: Family): void {
  const quantization = config['quantization_config'] ?? config['compression_config'];
  if (isThere(quantization)) {
    const method = file.object(quantization, 'quantization_config')['quant_method'];
    throw file.unsupported(
      `its weights are quantized already (${quoted(method)}); get the original with weights of 16 or 32 bits`,
    );
  }
  const activation = config['hidden_act'] ?? 'silu';
  if (activation !== 'silu') {
    throw file.unsupported(`the activation ${quoted(activation)} is not run here, only "silu"`);
  }
  for (const key of ['attention_bias', 'mlp_bias']) {
    if (config[key] === true && !(family === 'qwen2' && key === 'attention_bias')) {
      throw file.unsupported(`${key} adds a bias that models of the family ${family} do not have here`);
    }
  }
}

/** Refuses attention with a sliding window. */
function refuseSlidingWindow(file: JsonFile, config: Json, layers: number): void {
  const types = config['layer_types'];
  const slidingLayers = Array.isArray(types)
    ? types.some((type) => type !== 'full_attention')
    : config['use_sliding_window'] === true &&
      isThere(config['sliding_window']) &&
      Number(config['max_window_layers'] ?? 0) < layers;
  if (slidingLayers) {
    throw file.unsupported('some of its layers see only a sliding window of the text, which is not run here');
  }
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}
