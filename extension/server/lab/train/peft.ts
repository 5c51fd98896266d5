/**
 * Adapters in the form of Hugging Face's PEFT: adapter_config.json beside adapter_model.safetensors. Model files of
 * the family llama keep the rows of wq and wk in another order, pairs of a rotation side by side; theirs come back.
 */
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../../base/write-atomically.ts';
import type { NativeAdapterMatrix, NativeTarget } from '../../engine/binding.ts';
import type { TrainSettings } from './settings.ts';

export interface BaseModel {
  readonly name: string;
  readonly architecture: string;
  readonly heads: number;
  readonly kvHeads: number;
}

export async function writePeft(
  folder: string,
  matrices: readonly NativeAdapterMatrix[],
  settings: Pick<TrainSettings, 'rank' | 'alpha' | 'dropout' | 'targets'>,
  base: BaseModel,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tensors = matrices.flatMap((matrix) => {
    const name = `base_model.model.model.layers.${matrix.layer}.${modules[matrix.target]}`;
    const { rank } = settings;
    return [
      { name: `${name}.lora_A.weight`, shape: [rank, matrix.in], data: matrix.a },
      { name: `${name}.lora_B.weight`, shape: [matrix.out, rank], data: outRows(matrix, rank, base) },
    ];
  });
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: base.name,
    r: settings.rank,
    lora_alpha: settings.alpha,
    lora_dropout: settings.dropout,
    target_modules: settings.targets.map((target) => modules[target].replace(/^.*\./u, '')),
    bias: 'none',
    use_rslora: false,
    use_dora: false,
    fan_in_fan_out: false,
    inference_mode: true,
  };
  await writeAtomically(join(folder, 'adapter_config.json'), `${JSON.stringify(config, undefined, 2)}\n`);
}

const modules: Readonly<Record<NativeTarget, string>> = {
  q: 'self_attn.q_proj',
  k: 'self_attn.k_proj',
  v: 'self_attn.v_proj',
  o: 'self_attn.o_proj',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
};

/** [rank][out] as [out][rank], rows in the order of the original model. */
function outRows({ target, out, b }: NativeAdapterMatrix, rank: number, base: BaseModel): Float32Array {
  const heads = target === 'q' ? base.heads : target === 'k' ? base.kvHeads : 0;
  const paired = base.architecture === 'llama' && heads > 0;
  const rows = new Float32Array(out * rank);
  for (let row = 0; row < out; row++) {
    const from = paired ? pairedRow(row, out / heads) : row;
    for (let r = 0; r < rank; r++) {
      rows[row * rank + r] = b[r * out + from] ?? 0;
    }
  }
  return rows;
}

/** Where row `row` of the original, whose heads are two halves, stands when the halves' elements take turns. */
function pairedRow(row: number, headSize: number): number {
  const place = row % headSize;
  const half = headSize / 2;
  return row - place + 2 * (place % half) + Math.floor(place / half);
}

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Format: huggingface/safetensors, README. */
async function writeSafetensors(path: string, tensors: readonly Tensor[]): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = JSON.stringify(header);
  const padded = Buffer.from(text.padEnd(Math.ceil(Buffer.byteLength(text) / 8) * 8));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(padded.length));
  const file = await open(path, 'w');
  try {
    await file.writeFile(size);
    await file.writeFile(padded);
    for (const { data } of tensors) {
      await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  } finally {
    await file.close();
  }
}
