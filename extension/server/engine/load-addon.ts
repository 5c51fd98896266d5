import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Host } from '../host.ts';
import type { NativeModule } from './binding.ts';
import { EngineError } from './errors.ts';

/** Incremented together with `NativeModule.abiVersion` in `native/binding`. */
export const abiVersion = 11;

/** Where the engine of this machine's platform lies inside the installed extension. */
export function addonPath(host: Pick<Host, 'installFolder' | 'platform' | 'arch'>): string {
  return join(host.installFolder, 'dist', 'native', `${host.platform}-${host.arch}`, 'paddock.node');
}

/**
 * Loads the native engine into this process: only ever the child or the terminal program, never the editor.
 * Throws `engineUnavailable`.
 */
export function loadAddon(host: Pick<Host, 'installFolder' | 'platform' | 'arch'>): NativeModule {
  const path = addonPath(host);
  const target = `${host.platform}-${host.arch}`;
  if (!existsSync(path)) {
    throw new EngineError(
      'engineUnavailable',
      `This package has no engine for ${target}. Install the package that was built for ${target}, or build the engine with "npm run native".`,
    );
  }
  let addon: NativeModule;
  try {
    addon = createRequire(path)(path) as NativeModule;
  } catch (error) {
    throw new EngineError(
      'engineUnavailable',
      `The engine for ${target} could not be loaded. It may have been built for another system or C library; build it here with "npm run native".`,
      error,
    );
  }
  if (addon.abiVersion !== abiVersion) {
    throw new EngineError(
      'engineUnavailable',
      `The engine has version ${String(addon.abiVersion)} of its interface where ${abiVersion} is needed. Install the extension again, or run "npm run native".`,
    );
  }
  return addon;
}
