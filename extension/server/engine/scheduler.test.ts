import { expect, test } from 'vitest';
import { EngineError } from './errors.ts';
import { Scheduler, priorities } from './scheduler.ts';

const never = new AbortController().signal;

function deferred() {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

test('runs one job at a time, higher priority first, equals in order', async () => {
  const scheduler = new Scheduler();
  const gate = deferred();
  const order: string[] = [];
  const note = (name: string) => () => Promise.resolve(void order.push(name));
  const jobs = [
    scheduler.run(priorities.chat, never, () => gate.promise),
    scheduler.run(priorities.background, never, note('background')),
    scheduler.run(priorities.chat, never, note('chat 1')),
    scheduler.run(priorities.chat, never, note('chat 2')),
    scheduler.run(priorities.interactive, never, note('interactive')),
  ];
  gate.resolve();
  await Promise.all(jobs);
  expect(order).toEqual(['interactive', 'chat 1', 'chat 2', 'background']);
  expect(scheduler.idle).toBe(true);
});

test('a waiting job leaves the queue at once when it is cancelled', async () => {
  const scheduler = new Scheduler();
  const gate = deferred();
  const running = scheduler.run(priorities.chat, never, () => gate.promise);
  const stop = new AbortController();
  let ran = false;
  const waiting = scheduler.run(priorities.chat, stop.signal, async () => void (ran = true));
  stop.abort();
  const error = await waiting.catch((caught: unknown) => caught);
  expect(EngineError.is(error, 'cancelled')).toBe(true);
  gate.resolve();
  await running;
  expect(ran).toBe(false);
});

test('a job that fails does not stop the next', async () => {
  const scheduler = new Scheduler();
  const failing = scheduler.run(priorities.chat, never, () => Promise.reject(new Error('no')));
  const next = scheduler.run(priorities.chat, never, () => Promise.resolve(7));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe(7);
});

test('while held no background job begins, and others do', async () => {
  const scheduler = new Scheduler();
  scheduler.hold(true);
  const order: string[] = [];
  const background = scheduler.run(priorities.background, never, async () => void order.push('background'));
  await scheduler.run(priorities.chat, never, async () => void order.push('chat'));
  expect(order).toEqual(['chat']);
  scheduler.hold(false);
  await background;
  expect(order).toEqual(['chat', 'background']);
});
