/** Lays out the C++ sources with clang-format: `node test/workbench/format-native.mjs [--check]`. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { main, mustRun, need, root } from './process.mjs';

await main(async () => {
  await need([{ programs: ['clang-format'], debian: 'clang-format', darwin: 'brew install clang-format' }]);
  const entries = await readdir(join(root, 'native'), { recursive: true });
  const files = entries.filter((name) => /\.(cc|h)$/.test(name)).map((name) => join(root, 'native', name));
  const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i'];
  await mustRun('Formatting the C++ sources', 'clang-format', [...mode, ...files]);
});
