import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { GiveWay } from './give-way.ts';
import type { FollowHooks } from './running-room.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp({ runs = true } = {}) {
  const world = { runs, hooks: undefined as FollowHooks | undefined, looks: 0, closed: 0, held: [] as boolean[] };
  const way = new GiveWay({
    follow: (hooks) => {
      world.looks++;
      if (!world.runs) return Promise.resolve(undefined);
      world.hooks = hooks;
      return Promise.resolve({ close: () => void world.closed++ });
    },
    hold: (held) => void world.held.push(held),
  });
  let end = (): void => {};
  const begin = async (): Promise<void> => {
    void way.during(() => new Promise<void>((resolve) => (end = resolve)));
    await vi.advanceTimersByTimeAsync(0);
  };
  const finish = async (): Promise<void> => {
    end();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { world, begin, finish };
}

test('work sleeps while the room works, and a moment longer', async () => {
  const { world, begin, finish } = setUp();
  await begin();
  world.hooks?.onWork(true);
  expect(world.held).toEqual([true]);
  world.hooks?.onWork(false);
  await vi.advanceTimersByTimeAsync(400);
  world.hooks?.onWork(true);
  await vi.advanceTimersByTimeAsync(10_000);
  world.hooks?.onWork(false);
  expect(world.held).toEqual([true]);
  await vi.advanceTimersByTimeAsync(500);
  expect(world.held).toEqual([true, false]);
  await finish();
  expect([world.held, world.closed]).toEqual([[true, false], 1]);
});

test('work that ends, or whose room is gone, sleeps no longer', async () => {
  const { world, begin, finish } = setUp();
  await begin();
  world.hooks?.onWork(true);
  world.runs = false;
  world.hooks?.onLost();
  await vi.advanceTimersByTimeAsync(500);
  expect(world.held).toEqual([true, false]);
  await finish();
  world.runs = true;
  await begin();
  world.hooks?.onWork(true);
  await finish();
  expect(world.held).toEqual([true, false, true, false]);
});

test('a room that starts meanwhile is found, and nobody looks for one without work', async () => {
  const { world, begin, finish } = setUp({ runs: false });
  await begin();
  await vi.advanceTimersByTimeAsync(5000);
  expect(world.looks).toBe(2);
  world.runs = true;
  await vi.advanceTimersByTimeAsync(5000);
  world.hooks?.onWork(true);
  expect(world.held).toEqual([true]);
  await finish();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([world.looks, world.closed, world.held]).toEqual([3, 1, [true, false]]);
});
