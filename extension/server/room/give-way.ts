/** Long work leaves the cores to the models that answer and complete: it sleeps while they are at work. */
import type { Session } from '../session.ts';
import type { FollowHooks, FollowedRoom } from './running-room.ts';

export interface GiveWayOptions {
  /** Connects to the room that runs, if one does. */
  readonly follow: (hooks: FollowHooks) => Promise<FollowedRoom | undefined>;
  /** Lets all computing of this process sleep, or go on. */
  readonly hold: (held: boolean) => void;
  readonly onChange?: ((waits: boolean) => void) | undefined;
}

/** While work is under way and no room was found, one may start. */
const lookAgainMs = 5000;
/** Completions come in bursts: between two of them it is not worth to begin. */
const quietMs = 500;

export class GiveWay {
  readonly #options: GiveWayOptions;
  #running = 0;
  #room: FollowedRoom | undefined;
  #lookTimer: ReturnType<typeof setTimeout> | undefined;
  #quietTimer: ReturnType<typeof setTimeout> | undefined;
  #waits = false;

  constructor(options: GiveWayOptions) {
    this.#options = options;
  }

  /** Gives way for as long as `work` runs. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running++ === 0) await this.#look();
    try {
      return await work();
    } finally {
      if (--this.#running === 0) this.#end();
    }
  }

  async #look(): Promise<void> {
    clearTimeout(this.#lookTimer);
    const lost = (): void => {
      this.#room = undefined;
      this.#onWork(false);
      this.#lookLater();
    };
    const room = await this.#options
      .follow({ onWork: (busy) => this.#onWork(busy), onLost: lost })
      .catch(() => undefined);
    if (this.#running === 0) return room?.close();
    this.#room = room;
    if (room === undefined) this.#lookLater();
  }

  #lookLater(): void {
    if (this.#running === 0) return;
    this.#lookTimer = setTimeout(() => void this.#look(), lookAgainMs);
    this.#lookTimer.unref();
  }

  #onWork(busy: boolean): void {
    clearTimeout(this.#quietTimer);
    if (busy) this.#set(this.#running > 0);
    else if (this.#waits) this.#quietTimer = setTimeout(() => this.#set(false), quietMs);
  }

  #set(waits: boolean): void {
    if (waits === this.#waits) return;
    this.#waits = waits;
    this.#options.hold(waits);
    this.#options.onChange?.(waits);
  }

  #end(): void {
    clearTimeout(this.#lookTimer);
    clearTimeout(this.#quietTimer);
    this.#room?.close();
    this.#room = undefined;
    this.#set(false);
  }
}

/** For the work of one session in a process of its own. */
export function giveWay(
  { host, version, addon }: Pick<Session, 'host' | 'version' | 'addon'>,
  onChange?: (waits: boolean) => void,
): GiveWay {
  return new GiveWay({
    // Read when it is needed: few runs of the terminal program need it.
    follow: async (hooks) => (await import('./running-room.ts')).followRoom(host, version, hooks),
    hold: (held) => addon().hold(held),
    onChange,
  });
}
