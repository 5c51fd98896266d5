import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Host } from '../host.ts';

/** Where models live: the setting, else PADDOCK_MODELS, else the platform's folder for application data. */
export function modelsFolder(host: Pick<Host, 'env' | 'platform' | 'homeFolder'>, setting: string | undefined): string {
  const chosen = setting?.trim() || host.env['PADDOCK_MODELS']?.trim();
  return chosen ? resolve(expandHome(chosen, host.homeFolder)) : join(dataFolder(host), 'models');
}

/** Where earlier prompts are kept, unless told otherwise. */
export function snapshotFolder(host: Pick<Host, 'env' | 'platform' | 'homeFolder'>): string {
  return join(dataFolder(host), 'cache', 'prefix');
}

/** Where copies of models with an adapter are kept. */
export function mergedFolder(host: Pick<Host, 'env' | 'platform' | 'homeFolder'>): string {
  return join(dataFolder(host), 'cache', 'merged');
}

/**
 * Paths of the GGUF files in a folder and its subfolders, a few levels deep. Folders that cannot be read are passed
 * over.
 */
export async function findModelFiles(folder: string, depth = 4): Promise<string[]> {
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && depth > 1 && !entry.name.startsWith('.')) {
        return findModelFiles(path, depth - 1);
      }
      const isModel = (entry.isFile() || entry.isSymbolicLink()) && entry.name.toLowerCase().endsWith('.gguf');
      return isModel ? [path] : [];
    }),
  );
  return found.flat().sort();
}

function dataFolder({ env, platform, homeFolder }: Pick<Host, 'env' | 'platform' | 'homeFolder'>): string {
  if (platform === 'win32') {
    return join(env['LOCALAPPDATA'] || join(homeFolder, 'AppData', 'Local'), 'Paddock');
  }
  if (platform === 'darwin') {
    return join(homeFolder, 'Library', 'Application Support', 'Paddock');
  }
  return join(env['XDG_DATA_HOME'] || join(homeFolder, '.local', 'share'), 'paddock');
}

function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path;
}
