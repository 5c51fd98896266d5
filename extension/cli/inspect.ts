import { resolve } from 'node:path';
import { inspectModel } from '../server/engine/inspect.ts';
import { EngineError } from '../server/engine/errors.ts';
import type { NativeInspection, NativeMetadataValue } from '../server/engine/binding.ts';
import { UsageError, commonOptions } from './verb.ts';
import type { Verb } from './verb.ts';

/** Context lengths whose memory need is printed in addition to the requested one. */
const contextLengths = [2048, 4096, 8192, 16_384, 32_768];

export const inspect: Verb = {
  name: 'inspect',
  usage: 'FILE.gguf|NAME',
  summary: 'what is in a model file, and the memory it needs',
  options: [],
  specs: {},
  run: async (terminal, values, positionals) => {
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) {
      throw new UsageError('Give one file.');
    }
    const options = commonOptions(values);
    const { addon, store } = await terminal.session(options);
    const path = await store.resolve(name);
    const native = addon();
    const cache = { compactCache: options.compactCache, ...(options.cache ? {} : { prefixCacheBytes: 0 }) };
    let inspection: NativeInspection;
    try {
      inspection = inspectModel(native, path, options.contextLength, cache);
    } catch (error) {
      throw EngineError.from(error);
    }
    const lengths = [
      ...new Set([
        ...contextLengths.filter((length) => length <= inspection.trainedContextLength),
        inspection.contextLength,
      ]),
    ].sort((a, b) => a - b);
    const memory = lengths.flatMap((contextLength) => {
      const need = native.inspect(path, { contextLength, ...cache }).memory;
      return need === undefined ? [] : [{ contextLength, ...need }];
    });
    terminal.out(
      values['json'] === true
        ? `${toJson({ ...inspection, path: resolve(path), memory })}\n`
        : describe(inspection, memory),
    );
  },
};

type MemoryRow = NonNullable<NativeInspection['memory']> & { readonly contextLength: number };

function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item));
}

function describe(inspection: NativeInspection, memory: readonly MemoryRow[]): string {
  const lines = [
    `GGUF version ${inspection.version}, ${inspection.fileBytes} bytes`,
    `architecture ${inspection.architecture}, ${inspection.parameters} parameters, ${inspection.quantization}, trained on ${inspection.trainedContextLength} tokens of context`,
    ...(inspection.unsupported === undefined ? [] : [`cannot be run: ${inspection.unsupported}`]),
    '',
    'metadata',
    ...Object.entries(inspection.metadata).map(([key, value]) => `  ${key} = ${describeValue(value)}`),
    '',
    'tensors',
    ...inspection.tensors.map(
      (tensor) =>
        `  ${tensor.name.padEnd(36)} ${tensor.type.padEnd(6)} ${tensor.shape.join(' x ').padEnd(18)} ${tensor.bytes} bytes`,
    ),
    '',
    'memory (MiB)',
    ...memory.map(
      (row) =>
        `  context ${String(row.contextLength).padStart(6)}: ${mib(row.total)} = weights ${mib(row.weights)} + KV cache ${mib(row.kvCache)} + scratch ${mib(row.scratch)} + prompt cache ${mib(row.prefixCache)}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function describeValue(value: NativeMetadataValue): string {
  if (typeof value === 'object') {
    return `${value.length} x ${value.arrayOf}`;
  }
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
