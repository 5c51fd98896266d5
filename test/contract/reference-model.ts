/**
 * The families llama and qwen2 as their papers and configurations describe them (rotation of the two halves of a head,
 * grouped queries, SwiGLU), in double precision and without any regard for speed.
 */
import type { ToyFolder } from '../../extension/server/models/hugging-face/testing/toy-folder.ts';

type Vector = readonly number[];

/** Negative log-likelihood in nats of ids[1 ..], each given all before it. */
export function referenceNll({ config, tensors }: ToyFolder, ids: readonly number[]): number[] {
  const size = (key: string): number => Number(config[key]);
  const heads = size('num_attention_heads');
  const group = heads / size('num_key_value_heads');
  const headDim = size('head_dim');
  const epsilon = size('rms_norm_eps');
  const weights = (name: string): Float32Array | undefined => tensors[name]?.values;

  const linear = (name: string, x: Vector): number[] => {
    const matrix = weights(`${name}.weight`) ?? new Float32Array();
    const bias = weights(`${name}.bias`);
    return Array.from({ length: matrix.length / x.length }, (_, row) => {
      let sum = bias?.[row] ?? 0;
      x.forEach((value, column) => (sum += value * (matrix[row * x.length + column] ?? 0)));
      return sum;
    });
  };
  const norm = (name: string, x: Vector): number[] => {
    const scale = 1 / Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + epsilon);
    return x.map((value, index) => value * scale * (weights(name)?.[index] ?? 0));
  };
  const rotate = (x: Vector, position: number): number[] =>
    x.map((value, index) => {
      const place = index % headDim;
      const first = place < headDim / 2;
      const angle = position * frequency(config, headDim, place % (headDim / 2));
      const other = x[index + (first ? headDim / 2 : -headDim / 2)] ?? 0;
      return value * Math.cos(angle) + (first ? -other : other) * Math.sin(angle);
    });

  let states = ids.map((id) => row(weights('model.embed_tokens.weight'), id, size('hidden_size')));
  for (let layer = 0; layer < size('num_hidden_layers'); layer++) {
    const at = `model.layers.${layer}`;
    const inputs = states.map((x) => norm(`${at}.input_layernorm.weight`, x));
    const queries = inputs.map((x, position) => rotate(linear(`${at}.self_attn.q_proj`, x), position));
    const keys = inputs.map((x, position) => rotate(linear(`${at}.self_attn.k_proj`, x), position));
    const values = inputs.map((x) => linear(`${at}.self_attn.v_proj`, x));
    states = states.map((x, position) => {
      const attended = Array.from({ length: heads }, (_, head) => {
        const of = (all: Vector, which: number): Vector => all.slice(which * headDim, (which + 1) * headDim);
        const shared = Math.floor(head / group);
        const query = of(queries[position] ?? [], head);
        const past = keys.slice(0, position + 1);
        const shares = softmax(past.map((key) => dot(query, of(key, shared)) / Math.sqrt(headDim)));
        return Array.from({ length: headDim }, (__, place) =>
          shares.reduce((sum, share, token) => sum + share * (values[token]?.[shared * headDim + place] ?? 0), 0),
        );
      }).flat();
      const middle = add(x, linear(`${at}.self_attn.o_proj`, attended));
      const input = norm(`${at}.post_attention_layernorm.weight`, middle);
      const up = linear(`${at}.mlp.up_proj`, input);
      const gated = linear(`${at}.mlp.gate_proj`, input).map(
        (gate, index) => (gate / (1 + Math.exp(-gate))) * (up[index] ?? 0),
      );
      return add(middle, linear(`${at}.mlp.down_proj`, gated));
    });
  }
  const head = config['tie_word_embeddings'] === true ? 'model.embed_tokens' : 'lm_head';
  return ids.slice(1).map((next, position) => {
    const logits = linear(head, norm('model.norm.weight', states[position] ?? []));
    return -Math.log(softmax(logits)[next] ?? 0);
  });
}

/** Radians for each position, of the pair with this number. */
function frequency(config: ToyFolder['config'], headDim: number, pair: number): number {
  const rope = (config['rope_parameters'] ?? config['rope_scaling'] ?? {}) as Readonly<Record<string, unknown>>;
  const plain = Number(rope['rope_theta'] ?? config['rope_theta']) ** ((-2 * pair) / headDim);
  const factor = Number(rope['factor']);
  if (rope['type'] === 'linear') {
    return plain / factor;
  }
  if (rope['rope_type'] !== 'llama3') {
    return plain;
  }
  const [low, high] = [Number(rope['low_freq_factor']), Number(rope['high_freq_factor'])];
  // How often the pair turns within the context of the first training decides how much of the division it gets.
  const turns = (Number(rope['original_max_position_embeddings']) * plain) / (2 * Math.PI);
  const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
  return kept * plain + ((1 - kept) * plain) / factor;
}

function row(matrix: Float32Array | undefined, index: number, columns: number): number[] {
  return Array.from(matrix?.slice(index * columns, (index + 1) * columns) ?? []);
}

function add(one: Vector, other: Vector): number[] {
  return one.map((value, index) => value + (other[index] ?? 0));
}

function dot(one: Vector, other: Vector): number {
  return one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
}

function softmax(x: Vector): number[] {
  const most = Math.max(...x);
  const powers = x.map((value) => Math.exp(value - most));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}
