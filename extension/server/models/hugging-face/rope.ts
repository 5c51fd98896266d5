import { quoted } from './json-file.ts';
import type { Json, JsonFile } from './json-file.ts';

/** How positions rotate the elements of a head. */
export interface Rope {
  readonly base: number;
  /** Positions are divided by this. */
  readonly linearFactor: number | undefined;
  readonly llama3: Llama3Scaling | undefined;
}

/** Frequencies below `original / low` are divided by `factor`, those above `original / high` kept. */
export interface Llama3Scaling {
  readonly factor: number;
  readonly low: number;
  readonly high: number;
  /** Tokens of context that the model was trained on at first. */
  readonly original: number;
}

/** `rope_parameters`, or as it was before: `rope_theta` and `rope_scaling`. */
export function readRope(file: JsonFile, family: string): Rope {
  const config = file.root;
  const key =
    config['rope_parameters'] !== undefined && config['rope_parameters'] !== null ? 'rope_parameters' : 'rope_scaling';
  const given = config[key] ?? {};
  const rope = file.object(given, key);
  const base = file.number(rope['rope_theta'] ?? config['rope_theta'] ?? 10_000, 'rope_theta', 1, 1e12);
  const rotated = rope['partial_rotary_factor'] ?? config['partial_rotary_factor'] ?? 1;
  if (rotated !== 1) {
    throw file.unsupported(`partial_rotary_factor ${quoted(rotated)} is not run here, only whole heads are rotated`);
  }
  const kind = rope['rope_type'] ?? rope['type'] ?? 'default';
  if (kind === 'linear') {
    return { base, linearFactor: file.number(rope['factor'], `${key}.factor`, 1e-3, 1e6), llama3: undefined };
  }
  if (kind === 'llama3' && family === 'llama') {
    return { base, linearFactor: undefined, llama3: readLlama3(file, rope, key) };
  }
  if (kind !== 'default') {
    throw file.unsupported(
      `${key} stretches the context by the method ${quoted(kind)}, which is not run here in the family ${family}`,
    );
  }
  return { base, linearFactor: undefined, llama3: undefined };
}

/** What each frequency is divided by, [headDim / 2]: the tensor rope_freqs.weight of model files. */
export function frequencyFactors(base: number, headDim: number, scaling: Llama3Scaling): Float32Array {
  const { factor, low, high, original } = scaling;
  return Float32Array.from({ length: headDim / 2 }, (_, pair) => {
    const wavelength = 2 * Math.PI * base ** ((2 * pair) / headDim);
    if (wavelength < original / high) {
      return 1;
    }
    if (wavelength > original / low) {
      return factor;
    }
    const smooth = (original / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

function readLlama3(file: JsonFile, rope: Json, key: string): Llama3Scaling {
  const read = (name: string, most: number) => file.number(rope[name], `${key}.${name}`, 1e-3, most);
  const scaling = {
    factor: read('factor', 1e6),
    low: read('low_freq_factor', 1e6),
    high: read('high_freq_factor', 1e6),
    original: read('original_max_position_embeddings', 2 ** 24),
  };
  if (scaling.high <= scaling.low) {
    throw file.wrong(`${key}.high_freq_factor`, 'must be above low_freq_factor');
  }
  return scaling;
}
