import type { NativeModule } from '../engine/binding.ts';
import { loadAddon } from '../engine/load-addon.ts';
import { ModelSlot } from '../engine/model-slot.ts';
import type { Host } from '../host.ts';
import { Syntax, startSyntaxWorker } from '../syntax/syntax.ts';

/** What all clients of one process share: the native code, the models in memory and the parser. */
export interface Room {
  readonly host: Host;
  /** Loads the native code on first call. Throws `engineUnavailable`. */
  readonly addon: () => NativeModule;
  /** For answers, edits and the lab. */
  readonly chat: ModelSlot;
  /** For a small model that only completes, beside the other. */
  readonly completion: ModelSlot;
  readonly syntax: Syntax;
}

/** Loads and starts nothing yet. */
export function createRoom(host: Host): Room {
  let loaded: NativeModule | undefined;
  const addon = (): NativeModule => (loaded ??= loadAddon(host));
  return {
    host,
    addon,
    chat: new ModelSlot(addon),
    completion: new ModelSlot(addon),
    syntax: new Syntax(() => startSyntaxWorker(host.installFolder)),
  };
}
