/** Tells programs without a window whether the models are at work. */
import type { RoomWork } from '../../protocol/server.ts';
import type { Room } from './room.ts';

type Slots = Pick<Room, 'chat' | 'completion'>;

export function workOf({ chat, completion }: Slots): RoomWork {
  return { busy: chat.busy || completion.busy };
}

/** Calls `tell` at every change, until the result is called. */
export function followWork(slots: Slots, tell: (work: RoomWork) => void): () => void {
  let { busy } = workOf(slots);
  const look = (): void => {
    const work = workOf(slots);
    if (work.busy === busy) return;
    ({ busy } = work);
    tell(work);
  };
  const ends = [slots.chat.watch(look), slots.completion.watch(look)];
  return () => ends.forEach((end) => end());
}
