/**
 * The engines that are compared. Each `measure` starts a process of its own and resolves with tokens per second of
 * prefill from an empty context and of decoding after it, and what else that engine tells.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, mustRun, root } from '../workbench/process.mjs';
import { json } from './json.mjs';
import { nativeLlamaVersion } from './native-llama.mjs';

export const cli = join(root, 'dist', 'cli.js');
const nodeLlamaVersion = '3.22.1';
const longPrompt = 1024;

/** @param {{ prompt: number, generate: number }} test */
const measureOurs = async (model, { prompt, generate }, threads) => {
  // No more context than the test needs, as the others have it.
  const context = prompt + generate + 16;
  const { value } = await json(process.execPath, [
    cli,
    'bench',
    '--json',
    ...flags({ '--model': model, '--threads': threads, '--context': context }),
    ...flags({ '--prompt': prompt, '--generate': generate, '--repeat': 1 }),
  ]);
  const { rows, model: _, ...rest } = value;
  const row = (test) => rows.find((one) => one.test === test);
  const share = ({ tokensPerSecond, cost, limit }) => (tokensPerSecond * cost) / limit;
  const [prefill, decode] = [row('prefill'), row('decode')];
  return {
    prefill: prefill.tokensPerSecond,
    decode: decode.tokensPerSecond,
    prefillShare: share(prefill),
    decodeShare: share(decode),
    decodeLimit: decode.limit,
    ...rest,
  };
};

export const ours = { name: 'Paddock', measure: measureOurs };

/** The folder in the cache with node-llama-cpp and its prebuilt engine, installed when it is not there yet. */
export async function installNodeLlama() {
  const folder = join(cache, 'rival', nodeLlamaVersion);
  if (!existsSync(join(folder, 'node_modules', 'node-llama-cpp'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private": true}');
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund'];
    await mustRun('Installing node-llama-cpp', 'npm', ['install', ...quiet, `node-llama-cpp@${nodeLlamaVersion}`], {
      cwd: folder,
    });
  }
  return folder;
}

export async function nodeLlama() {
  const folder = await installNodeLlama();
  const program = join(root, 'test', 'bench', 'node-llama.mjs');
  return {
    name: `node-llama-cpp ${nodeLlamaVersion}`,
    measure: async (model, { prompt, generate }, threads) =>
      (await json(process.execPath, [program, folder, model, String(prompt), String(generate), String(threads)])).value,
  };
}

/** llama.cpp's own measuring program. */
export function llamaBench(program, name = `${nativeLlamaVersion}, compiled here`) {
  const rate = async (model, threads, test) => {
    const args = flags({ '-m': model, '-t': threads, '-r': 1, '-fa': 1, '-o': 'json', ...test });
    // To warm up it reads a prompt once more. In a long one that matters little and takes minutes.
    if (test['-p'] > longPrompt) args.push('--no-warmup');
    const { value, peakRssBytes } = await json(program, args);
    return { rate: value[0].avg_ts, peakRssBytes };
  };
  return {
    name,
    measure: async (model, { prompt, generate }, threads) => {
      const prefill = await rate(model, threads, { '-p': prompt, '-n': 0 });
      // By itself it decodes from an empty context, where attention costs nothing.
      const decode = await rate(model, threads, { '-p': 0, '-n': generate, '-d': prompt });
      const peaks = [prefill.peakRssBytes, decode.peakRssBytes].filter((bytes) => bytes !== undefined);
      return {
        prefill: prefill.rate,
        decode: decode.rate,
        ...(peaks.length > 0 && { peakRssBytes: Math.max(...peaks) }),
      };
    },
  };
}

function flags(values) {
  return Object.entries(values).flatMap(([name, value]) => [name, String(value)]);
}
