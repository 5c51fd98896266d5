/**
 * Model folders as Hugging Face has them: config.json, weights in safetensors, tokenizer.json. The weights stay where
 * they are; `openModelFolder` says where, and the engine's quantizer reads them from there.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { NativeModelParts, NativePart } from '../../engine/binding.ts';
import { EngineError } from '../../engine/errors.ts';
import { ggufHeader } from './gguf-header.ts';
import { readJson } from './json-file.ts';
import { configMetadata, readModelConfig } from './model-config.ts';
import type { ModelConfig } from './model-config.ts';
import { frequencyFactors } from './rope.ts';
import { planTensors } from './tensor-plan.ts';
import type { PlannedTensor } from './tensor-plan.ts';
import { tokenizerMetadata } from './tokenizer.ts';
import { readWeightFiles } from './weight-files.ts';

export interface ModelFolder {
  readonly parts: NativeModelParts;
  /** Names of tensors in the folder that the model does not need. */
  readonly ignored: readonly string[];
}

/** Whether the path is a folder with a config.json in it; the rest is for `openModelFolder` to find out. */
export async function isModelFolder(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info?.isDirectory() === true && (await stat(join(path, configName)).catch(() => undefined))?.isFile() === true;
}

/**
 * Reads and checks everything but the weights. Throws `notFound`, `noPermission`, `invalidModel`, `unsupportedModel`.
 */
export async function openModelFolder(folder: string): Promise<ModelFolder> {
  const file = await readJson(folder, configName);
  if (file === undefined) {
    throw new EngineError('notFound', `${folder} has no ${configName}. Name the folder of a model.`);
  }
  const config = readModelConfig(file);
  const stored = await readWeightFiles(folder);
  const { tensors, ignored } = planTensors(config, stored, folder);
  const metadata = [
    ...configMetadata(config, modelName(folder)),
    ...(await tokenizerMetadata(folder, file, config.vocabulary)),
  ];
  return { parts: assemble(config, metadata, tensors), ignored };
}

const configName = 'config.json';

/** The folder's; in the cache of the hub, where it is called by a commit, that of the model. */
function modelName(folder: string): string {
  const snapshots = dirname(folder);
  const cached = basename(snapshots) === 'snapshots' ? /^models--.*--(.+)$/u.exec(basename(dirname(snapshots))) : null;
  return cached?.[1] ?? basename(folder);
}

function assemble(
  config: ModelConfig,
  metadata: Parameters<typeof ggufHeader>[0],
  planned: readonly PlannedTensor[],
): NativeModelParts {
  const { llama3, base } = config.rope;
  const factors = llama3 === undefined ? undefined : frequencyFactors(base, config.headDim, llama3);
  const files = [...new Set(planned.map(({ stored }) => stored.file))];
  const parts: NativePart[] = planned.map(({ stored, storedType, heads }) => ({
    file: files.indexOf(stored.file),
    offset: stored.offset,
    bytes: stored.bytes,
    type: storedType,
    heads,
  }));
  const tensors = planned.map(({ tensor }) => tensor);
  if (factors === undefined) {
    return { header: ggufHeader(metadata, tensors), files, parts };
  }
  const own = ggufHeader(metadata, [{ name: 'rope_freqs.weight', type: 'F32', shape: [factors.length] }, ...tensors]);
  const data = new Uint8Array(factors.buffer);
  return {
    header: Buffer.concat([own, data]),
    files,
    parts: [{ file: -1, offset: own.length, bytes: data.length, type: 'F32', heads: 0 }, ...parts],
  };
}
