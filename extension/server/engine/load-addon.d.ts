import type { Host } from '../host.ts';
import type { NativeModule } from './binding.ts';
/** Raised together with `NativeModule.abiVersion` in `native/binding`. */
export declare const abiVersion = 4;
/** Where the engine of this machine's platform lies inside the installed extension. */
export declare function addonPath(host: Pick<Host, 'installFolder' | 'platform' | 'arch'>): string;
/**
 * Loads the native engine into this process: only ever the child or the terminal program, never the editor.
 * Throws `engineUnavailable`.
 */
export declare function loadAddon(host: Pick<Host, 'installFolder' | 'platform' | 'arch'>): NativeModule;
