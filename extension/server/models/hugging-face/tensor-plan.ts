import { EngineError } from '../../engine/errors.ts';
import type { FloatType, GgufTensor } from './gguf-header.ts';
import { quoted } from './json-file.ts';
import type { ModelConfig } from './model-config.ts';
import type { StoredTensor } from './safetensors.ts';

/** A tensor of the model file and what it is made of. */
export interface PlannedTensor {
  readonly tensor: GgufTensor;
  readonly stored: StoredTensor;
  readonly storedType: FloatType;
  /** Above 0: its rows are so many heads, whose pairs to rotate must be put side by side (`NativePart`). */
  readonly heads: number;
}

export interface TensorPlan {
  readonly tensors: readonly PlannedTensor[];
  /** Names of what lies in the files and is not needed. */
  readonly ignored: readonly string[];
}

/**
 * Each tensor that the configuration asks for, with its shape checked. Throws `invalidModel` for one that is missing or
 * of another shape, and `unsupportedModel` for one that has no place in the model.
 */
export function planTensors(
  config: ModelConfig,
  stored: ReadonlyMap<string, StoredTensor>,
  folder: string,
): TensorPlan {
  const tied = config.tied ?? !stored.has('lm_head.weight');
  const tensors = expectedTensors(config, tied).map((expected) => plan(expected, stored, folder));
  const used = new Set(tensors.map((planned) => planned.stored.name));
  const left = [...stored.keys()].filter((name) => !used.has(name));
  const isNeedless = (name: string): boolean =>
    (tied && name === 'lm_head.weight') || /^model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq$/u.test(name);
  const unknown = left.filter((name) => !isNeedless(name));
  if (unknown.length > 0) {
    const more = unknown.length > 3 ? ` and ${unknown.length - 3} more` : '';
    throw new EngineError(
      'unsupportedModel',
      `${folder} has weights that a model of the family ${config.family} does not: ${unknown.slice(0, 3).map(quoted).join(', ')}${more}. Choose another model.`,
    );
  }
  return { tensors, ignored: left };
}

interface ExpectedTensor {
  readonly source: string;
  readonly name: string;
  /** As in safetensors: rows, then columns. */
  readonly shape: readonly number[];
  readonly heads?: number;
}

function expectedTensors(config: ModelConfig, tied: boolean): ExpectedTensor[] {
  const { hidden, vocabulary } = config;
  return [
    { source: 'model.embed_tokens.weight', name: 'token_embd.weight', shape: [vocabulary, hidden] },
    ...Array.from({ length: config.layers }, (_, layer) => layerTensors(config, layer)).flat(),
    { source: 'model.norm.weight', name: 'output_norm.weight', shape: [hidden] },
    ...(tied ? [] : [{ source: 'lm_head.weight', name: 'output.weight', shape: [vocabulary, hidden] }]),
  ];
}

function layerTensors(config: ModelConfig, layer: number): ExpectedTensor[] {
  const { family, hidden, feedForward, headDim } = config;
  const queries = config.heads * headDim;
  const keys = config.kvHeads * headDim;
  // llama alone rotates neighbours in model files; the others rotate halves there as in the original.
  const paired = (heads: number) => (family === 'llama' ? { heads } : {});
  const of = (source: string, name: string, shape: readonly number[], more: { readonly heads?: number } = {}) => ({
    source: `model.layers.${layer}.${source}`,
    name: `blk.${layer}.${name}`,
    shape,
    ...more,
  });
  return [
    of('input_layernorm.weight', 'attn_norm.weight', [hidden]),
    of('self_attn.q_proj.weight', 'attn_q.weight', [queries, hidden], paired(config.heads)),
    of('self_attn.k_proj.weight', 'attn_k.weight', [keys, hidden], paired(config.kvHeads)),
    of('self_attn.v_proj.weight', 'attn_v.weight', [keys, hidden]),
    ...(family === 'qwen2'
      ? [
          of('self_attn.q_proj.bias', 'attn_q.bias', [queries]),
          of('self_attn.k_proj.bias', 'attn_k.bias', [keys]),
          of('self_attn.v_proj.bias', 'attn_v.bias', [keys]),
        ]
      : []),
    ...(family === 'qwen3'
      ? [
          of('self_attn.q_norm.weight', 'attn_q_norm.weight', [headDim]),
          of('self_attn.k_norm.weight', 'attn_k_norm.weight', [headDim]),
        ]
      : []),
    of('self_attn.o_proj.weight', 'attn_output.weight', [hidden, queries]),
    of('post_attention_layernorm.weight', 'ffn_norm.weight', [hidden]),
    of('mlp.gate_proj.weight', 'ffn_gate.weight', [feedForward, hidden]),
    of('mlp.up_proj.weight', 'ffn_up.weight', [feedForward, hidden]),
    of('mlp.down_proj.weight', 'ffn_down.weight', [hidden, feedForward]),
  ];
}

function plan(expected: ExpectedTensor, tensors: ReadonlyMap<string, StoredTensor>, folder: string): PlannedTensor {
  const { source, name, shape, heads = 0 } = expected;
  const stored = tensors.get(source);
  if (stored === undefined) {
    throw new EngineError(
      'invalidModel',
      `${folder} has no tensor ${source}, which its config.json asks for. Download the model again, all files of it.`,
    );
  }
  if (stored.shape.length !== shape.length || stored.shape.some((side, index) => side !== shape[index])) {
    throw new EngineError(
      'invalidModel',
      `${stored.file}: the tensor ${source} has the shape ${quoted(stored.shape)} where config.json asks for ${quoted(shape)}. Download the model again.`,
    );
  }
  const storedType = floatType(stored.dtype);
  if (storedType === undefined) {
    throw new EngineError(
      'unsupportedModel',
      `${stored.file}: the tensor ${source} is of the type ${stored.dtype}; only BF16, F16 and F32 are converted. Get the original with weights of 16 or 32 bits.`,
    );
  }
  // Vectors are few, and kept exactly: model files have them in 32 bits.
  const type = shape.length === 1 ? 'F32' : storedType;
  return { tensor: { name, type, shape: shape.toReversed() }, stored, storedType, heads };
}

function floatType(dtype: string): FloatType | undefined {
  return dtype === 'BF16' || dtype === 'F16' || dtype === 'F32' ? dtype : undefined;
}
