/** Identity of the models in a report, so that its figures can be reproduced. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { chatMlTemplate } from '../../prompt/template.ts';
import { sha256OfFile } from '../../models/partial-file.ts';
import type { NativeInspection, NativeModelInfo } from '../../engine/binding.ts';

export interface ModelFile {
  /** The user's name for the model. */
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
}

export interface ModelIdentity {
  readonly name: string;
  readonly file: string;
  readonly sha256: string;
  readonly architecture: string;
  readonly quantization: string;
  readonly parameters: number;
  /** Kind, splitting rule and number of entries. */
  readonly tokenizer: string;
  /** SHA-256 of the chat template, its first 16 digits; or that the file has none and ChatML stands in. */
  readonly template: string;
  /** Tokens. */
  readonly context: number;
  readonly cache: 'f16' | 'q8';
  /** The type of the activations. */
  readonly activations: 'int8' | 'f32';
  readonly kernels: string;
  readonly threads: number;
}

export async function readModelFile(name: string, path: string, signal: AbortSignal): Promise<ModelFile> {
  return { name: basename(name), path, sha256: await sha256OfFile(path, signal, () => {}) };
}

export function identify(file: ModelFile, info: NativeModelInfo, { metadata }: NativeInspection): ModelIdentity {
  const kind = [metadata['tokenizer.ggml.model'], metadata['tokenizer.ggml.pre']].filter(
    (value) => typeof value === 'string',
  );
  const template = info.chatTemplate ?? chatMlTemplate;
  const digest = createHash('sha256').update(template).digest('hex').slice(0, 16);
  return {
    name: file.name,
    file: basename(file.path),
    sha256: file.sha256,
    architecture: info.architecture,
    quantization: info.quantization,
    parameters: info.parameters,
    tokenizer: `${kind.join('/') || 'unknown'}, ${info.vocabularySize} entries`,
    template: info.chatTemplate === undefined ? `none in the file, ChatML (${digest})` : digest,
    context: info.contextLength,
    cache: info.compactCache ? 'q8' : 'f16',
    activations: info.exact ? 'f32' : 'int8',
    kernels: info.kernels,
    threads: info.threads,
  };
}
