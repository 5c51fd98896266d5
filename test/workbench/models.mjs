/** Gets models through the product's own downloader. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { mustRun, root } from './process.mjs';

/** Small ones that the suites use, and the one that `npm start` uses. */
export const testModels = ['smollm2-135m-instruct', 'qwen2.5-coder-0.5b-instruct'];
export const defaultModel = 'qwen2.5-coder-1.5b-instruct';

/** The request options of always taking the most probable token. */
export const greedySampling = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 0 };

const cli = join(root, 'dist', 'cli.js');

/** Downloads what is not there yet, with progress; goes on where it stopped. */
export async function getModels(names) {
  for (const name of names) {
    await mustRun(`Getting the model ${name}`, process.execPath, [cli, 'models', 'get', name]);
  }
}

/** What `paddock models list` says of every model of the catalogue; `path` is there once the file is. */
export function listModels() {
  return JSON.parse(execFileSync(process.execPath, [cli, 'models', 'list', '--json'], { encoding: 'utf8' })).entries;
}
