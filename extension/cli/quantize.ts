import { resolve } from 'node:path';
import type { NativeModelParts } from '../server/engine/binding.ts';
import { settle } from '../server/engine/generate.ts';
import { openModelFolder } from '../server/models/hugging-face/model-folder.ts';
import { refuseExisting } from './input.ts';
import { progressLine } from './progress-line.ts';
import { UsageError, commonOptions, requiredText, text } from './verb.ts';
import type { Terminal, Verb } from './verb.ts';

export const quantize: Verb = {
  name: 'quantize',
  usage: 'FILE.gguf|NAME|FOLDER --out FILE.gguf [--type Q4_K_M]',
  summary: 'write a model file in fewer bits, also from a Hugging Face folder, with an adapter merged into it',
  givesWay: true,
  options: [
    ['--out FILE', 'the new file; nothing is there until it is whole'],
    ['--type T', 'Q4_K_M or another; "--type help" prints them'],
    ['--importance FILE', 'weigh errors by this file of "paddock importance" or llama.cpp'],
    ['--adapter FILE', 'merge this adapter of "paddock train" into the weights'],
    ['--force', 'replace a file that is there'],
  ],
  specs: {
    out: { type: 'string' },
    type: { type: 'string' },
    importance: { type: 'string' },
    force: { type: 'boolean' },
  },
  common: ['threads', 'json', 'help'],
  run: async (terminal, values, positionals) => {
    const options = commonOptions({ ...values, adapter: undefined });
    if (text(values, 'type') === 'help') {
      const { addon } = await terminal.session(options);
      const { quantizeTypes } = addon();
      terminal.out(`${values['json'] === true ? JSON.stringify(quantizeTypes) : quantizeTypes.join('\n')}\n`);
      return;
    }
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) {
      throw new UsageError('Give one file or folder.');
    }
    const out = resolve(requiredText(values, 'out'));
    const adapter = text(values, 'adapter') ?? '';
    const importance = text(values, 'importance') ?? '';
    const { addon, store } = await terminal.session(options);
    const native = addon();
    const type = text(values, 'type') ?? 'Q4_K_M';
    if (!native.quantizeTypes.includes(type)) {
      throw new UsageError(`--type must be one of ${native.quantizeTypes.join(', ')}, not "${type}".`);
    }
    const { path, kind } = await store.resolveSource(name);
    if (path === out) {
      throw new UsageError('--out must be another file than the source.');
    }
    await refuseExisting(out, values['force'] === true);
    const source = kind === 'folder' ? await readFolder(terminal, path, out) : path;
    const line = progressLine(terminal);
    const start = performance.now();
    const report = await settle(
      native.quantize(source, adapter, importance, out, type, options.threads, (fraction) =>
        line.show(progress(fraction, start)),
      ),
      terminal.signal,
    ).finally(() => line.clear());
    if (importance !== '' && report.weighted === 0) {
      terminal.note('The importance matrix names none of the tensors that were quantized: it changed nothing.\n');
    }
    if (report.requantized) {
      terminal.note('The source was quantized already: its errors are added to the new ones.\n');
    }
    terminal.out(
      values['json'] === true
        ? `${JSON.stringify({ out, type, ...report })}\n`
        : `${out}: ${mebibytes(report.bytes)} of ${mebibytes(report.sourceBytes)} MiB, ${report.bitsPerWeight.toFixed(2)} bits per weight, error ${(100 * report.relativeError).toFixed(2)} % of the weights\n`,
    );
  },
};

async function readFolder(terminal: Terminal, path: string, out: string): Promise<NativeModelParts> {
  const { parts, ignored } = await openModelFolder(path);
  if (parts.files.some((file) => resolve(file) === out)) {
    throw new UsageError('--out must be another file than those of the source.');
  }
  if (ignored.length > 0) {
    terminal.note(`Not needed and left out: ${ignored.slice(0, 3).join(', ')}${ignored.length > 3 ? ', ...' : ''}\n`);
  }
  return parts;
}

function progress(fraction: number, start: number): string {
  const left = fraction > 0 ? ((performance.now() - start) / fraction) * (1 - fraction) : 0;
  return `quantizing ${Math.floor(100 * fraction)} %, ${Math.ceil(left / 1000)} s left`;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
