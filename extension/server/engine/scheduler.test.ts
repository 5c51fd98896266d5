import { expect, test } from 'vitest';
import { EngineError } from './errors.ts';
import { Scheduler } from './scheduler.ts';

const never = new AbortController().signal;

function deferred() {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

test('shared jobs run beside each other; one that runs alone waits for them and goes before those that come later', async () => {
  const scheduler = new Scheduler();
  const gates = [deferred(), deferred()];
  const order: string[] = [];
  const note = (name: string) => () => Promise.resolve(void order.push(name));
  const jobs = [
    ...gates.map((gate, index) =>
      scheduler.run('shared', never, async () => {
        order.push(`first ${index}`);
        await gate.promise;
      }),
    ),
    scheduler.run('background', never, note('background')),
    scheduler.run('shared', never, note('at once')),
    scheduler.run('alone', never, note('alone')),
    scheduler.run('shared', never, note('later')),
  ];
  expect(order).toEqual(['first 0', 'first 1', 'at once']);
  gates[0]?.resolve();
  await jobs[0];
  expect(order).toHaveLength(3);
  gates[1]?.resolve();
  await Promise.all(jobs);
  expect(order.slice(3)).toEqual(['alone', 'later', 'background']);
  expect(scheduler.idle).toBe(true);
});

test('a job that has loaded what it needs goes on beside others', async () => {
  const scheduler = new Scheduler();
  const [loaded, answered] = [deferred(), deferred()];
  const order: string[] = [];
  const first = scheduler.run('alone', never, async (shareRest) => {
    await loaded.promise;
    order.push('loaded');
    shareRest();
    await answered.promise;
    order.push('answered');
  });
  const second = scheduler.run('shared', never, async () => void order.push('second'));
  const third = scheduler.run('alone', never, async () => void order.push('third'));
  loaded.resolve();
  await Promise.resolve();
  answered.resolve();
  await Promise.all([first, second, third]);
  expect(order).toEqual(['loaded', 'answered', 'third', 'second']);
});

test('a waiting job leaves the queue at once when it is cancelled, and holds nobody up', async () => {
  const scheduler = new Scheduler();
  const gate = deferred();
  const running = scheduler.run('shared', never, () => gate.promise);
  const stop = new AbortController();
  let ran = false;
  const waiting = scheduler.run('alone', stop.signal, async () => void (ran = true));
  const behind = scheduler.run('shared', never, () => Promise.resolve('went on'));
  stop.abort();
  const error = await waiting.catch((caught: unknown) => caught);
  expect(EngineError.is(error, 'cancelled')).toBe(true);
  expect(await behind).toBe('went on');
  gate.resolve();
  await running;
  expect(ran).toBe(false);
});

test('a job that fails does not stop the next', async () => {
  const scheduler = new Scheduler();
  const failing = scheduler.run('alone', never, () => Promise.reject(new Error('no')));
  const next = scheduler.run('shared', never, () => Promise.resolve(7));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe(7);
});
