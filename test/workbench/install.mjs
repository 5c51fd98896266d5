/** Installs the packages of the repository when they are missing or older than the lock file. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun, root } from './process.mjs';

export async function installPackages() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const stale =
    !existsSync(installed) || statSync(installed).mtimeMs < statSync(join(root, 'package-lock.json')).mtimeMs;
  if (stale) {
    // No script of a package is run: none of ours needs it.
    await mustRun('Installing the packages', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  }
}
