/** The memory that the engine says it needs, against what a process that loads a model really grows by. */
import { execFileSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { addonPath } from '../../extension/server/engine/load-addon.ts';

const installFolder = fileURLToPath(new URL('../..', import.meta.url));
const addon = addonPath({ installFolder, platform: process.platform, arch: process.arch });
const folder =
  process.env['PADDOCK_MODELS'] ??
  join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'paddock', 'models');
const program = fileURLToPath(new URL('resident.mjs', import.meta.url));

interface Resident {
  readonly need: number;
  readonly grown: number;
}

const cases = [
  ['smollm2-135m-instruct-q4_1.gguf', { contextLength: 4096, prefixCacheBytes: 32 * 2 ** 20 }],
  ['smollm2-135m-instruct-q4_1.gguf', { contextLength: 4096, prefixCacheBytes: 32 * 2 ** 20, compactCache: true }],
  ['qwen2.5-coder-0.5b-instruct-q4_k_m.gguf', { contextLength: 1024, prefixCacheBytes: 0 }],
] as const;

// Other systems count the memory of a process in other ways; the engine's buffers are the same there.
if (process.platform === 'linux') {
  describe('the memory that the engine names', () => {
    test.each(cases)(
      '%s with %o',
      (file, options) => {
        const output = execFileSync(
          process.execPath,
          ['--expose-gc', program, addon, join(folder, file), JSON.stringify(options)],
          { encoding: 'utf8' },
        );
        const { need, grown } = JSON.parse(output) as Resident;
        expect(grown / need).toBeGreaterThan(0.97);
        expect(grown / need).toBeLessThan(1.03);
      },
      120_000,
    );
  });
}
