import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CancellationTokenSource, ResponseError } from 'vscode-jsonrpc/node';
import { Chat, GenerationProgress, ListModels, type GenerationPart } from '../../protocol/server.ts';
import type { EngineView } from '../../protocol/webview.ts';
import { EngineError } from '../lib/engine-error.ts';
import { FakeConnection } from './fake-connection.ts';
import { EngineSupervisor } from './supervisor.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const texts = {
  stopped: 'The engine stopped.',
  interrupted: 'The engine was restarted.',
  unavailable: 'The engine could not be started.',
  cancelled: 'Cancelled.',
};

describe('EngineSupervisor', () => {
  let connections: FakeConnection[];
  let supervisor: EngineSupervisor;
  let states: EngineView['kind'][];
  const last = (): FakeConnection => connections.at(-1)!;

  beforeEach(() => {
    vi.useFakeTimers();
    connections = [];
    states = [];
    supervisor = new EngineSupervisor({
      connect: () => {
        connections.push(new FakeConnection());
        return Promise.resolve(last());
      },
      log,
      texts,
    });
    supervisor.onDidChangeState((state) => states.push(state.kind));
  });
  afterEach(() => {
    supervisor.dispose();
    vi.useRealTimers();
  });

  it('starts nothing until something is asked, then one process for all', async () => {
    expect(connections).toHaveLength(0);
    expect(supervisor.state.kind).toBe('idle');
    await Promise.all([supervisor.ask(ListModels), supervisor.ask(ListModels)]);
    expect(connections).toHaveLength(1);
    expect(states).toEqual(['starting', 'noModel']);
  });

  it('hands the parts of a stream to the request that asked for it, and no longer', async () => {
    const parts: GenerationPart[] = [];
    await supervisor.ask(ListModels);
    let finish: (result: unknown) => void = () => undefined;
    last().answer = () => new Promise((resolve) => (finish = resolve));
    const progress = { type: GenerationProgress, onPart: (part: GenerationPart) => parts.push(part) };
    const request = supervisor.request(Chat, { messages: [] }, { progress });
    await vi.advanceTimersByTimeAsync(0);
    expect(last().sent.at(-1)?.params).toMatchObject({ partialResultToken: last().streams[0] });
    expect(supervisor.isBusyWith(Chat)).toBe(true);
    last().emitPart({ kind: 'text', seq: 0, text: 'a', tokens: 1 });
    finish('done');
    await request;
    expect(parts).toHaveLength(1);
    expect(last().streams).toEqual([]);
    expect(supervisor.isBusyWith(Chat)).toBe(false);
  });

  it('fails every pending call with one typed error when the process dies, and starts it again', async () => {
    await supervisor.ask(ListModels);
    last().answer = () => new Promise(() => undefined);
    const pending = [supervisor.ask(ListModels), supervisor.ask(ListModels)].map((call) =>
      call.catch((error: unknown) => error),
    );
    await vi.advanceTimersByTimeAsync(0);
    last().die('killed');
    for (const error of await Promise.all(pending)) expect(EngineError.is(error, 'engineStopped')).toBe(true);
    expect(supervisor.state.kind).toBe('restarting');
    await vi.advanceTimersByTimeAsync(600);
    expect(connections).toHaveLength(2);
    expect(await supervisor.ask(ListModels)).toBe('answer');
  });

  it('waits longer after each death and gives up in the end, until asked again', async () => {
    await supervisor.ask(ListModels);
    const delays: number[] = [];
    supervisor.onDidChangeState((state) => state.kind === 'restarting' && delays.push(state.delayMs));
    for (let death = 0; death < 5; death++) {
      last().die('killed');
      await vi.advanceTimersByTimeAsync(40_000 / 4);
    }
    expect(delays).toEqual([500, 1000, 2000, 4000]);
    expect(supervisor.state).toMatchObject({ kind: 'failed', data: { code: 'engineStopped' } });
    const before = connections.length;
    await vi.advanceTimersByTimeAsync(100_000);
    expect(connections).toHaveLength(before);
    await supervisor.restart();
    expect(supervisor.state.kind).toBe('noModel');
  });

  it('says when it cannot be started and tries again at the next request', async () => {
    let works = false;
    const flaky = new EngineSupervisor({
      connect: () => (works ? Promise.resolve(new FakeConnection()) : Promise.reject(new Error('no such file'))),
      log,
      texts,
    });
    await expect(flaky.ask(ListModels)).rejects.toMatchObject({
      code: 'engineUnavailable',
      message: texts.unavailable,
    });
    expect(flaky.state.kind).toBe('failed');
    works = true;
    expect(await flaky.ask(ListModels)).toBe('answer');
    flaky.dispose();
  });

  it('takes a connection that rejects what is pending for a death too', async () => {
    await supervisor.ask(ListModels);
    last().answer = () => Promise.reject(new ResponseError(-32_097, 'Pending response rejected.'));
    await expect(supervisor.ask(ListModels)).rejects.toMatchObject({ code: 'engineStopped', message: texts.stopped });
  });

  it('keeps the code of an error that the engine reports', async () => {
    await supervisor.ask(ListModels);
    last().answer = () => Promise.reject(new ResponseError(-32_000, 'Too long.', { code: 'promptTooLong' }));
    await expect(supervisor.ask(ListModels)).rejects.toMatchObject({ code: 'promptTooLong', message: 'Too long.' });
    last().answer = () => Promise.reject(new ResponseError(-32_800, 'Cancelled.'));
    await expect(supervisor.ask(ListModels)).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('ends the process when it is stopped, without taking that for a death', async () => {
    await supervisor.ask(ListModels);
    await supervisor.stop();
    expect(last().closed).toBe(true);
    last().die('closed');
    expect(supervisor.state.kind).toBe('idle');
  });

  it('tells an end on purpose from a death', async () => {
    await supervisor.ask(ListModels);
    last().answer = () => new Promise(() => undefined);
    const pending = supervisor.ask(ListModels).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(0);
    await supervisor.restart();
    expect(await pending).toMatchObject({ code: 'engineStopped', interrupted: true, message: texts.interrupted });
    expect(connections.map(({ closed }) => closed)).toEqual([true, false]);
  });

  it('ends the process only for a restart; leaving it and new settings do not concern other windows', async () => {
    await supervisor.ask(ListModels);
    await supervisor.renew();
    await supervisor.restart();
    await supervisor.stop();
    expect(connections.map(({ ended }) => ended)).toEqual([false, true, false]);
    expect(connections.map(({ closed }) => closed)).toEqual([true, true, true]);
  });

  it('goes on at once when another window restarts the engine, and what was pending counts as interrupted', async () => {
    await supervisor.ask(ListModels);
    last().answer = () => new Promise(() => undefined);
    const pending = supervisor.ask(ListModels).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(0);
    last().die('ended', true);
    expect(await pending).toMatchObject({ code: 'engineStopped', interrupted: true, message: texts.interrupted });
    await vi.advanceTimersByTimeAsync(0);
    expect(connections).toHaveLength(2);
    expect(connections[0]).toMatchObject({ closed: true, ended: false });
    expect(states).not.toContain('restarting');
  });

  it('tells an answer in another window from one of its own', async () => {
    await supervisor.ask(ListModels);
    const model = {} as Extract<EngineView, { kind: 'ready' }>['model'];
    last().emitState({ kind: 'answering', model });
    expect(supervisor.isBusyElsewhere).toBe(false);
    last().emitState({ kind: 'answering', model, elsewhere: true });
    expect(supervisor.isBusyElsewhere).toBe(true);
  });

  it('stops waiting for a start when the caller cancels', async () => {
    const starting = new EngineSupervisor({ connect: () => new Promise(() => undefined), log, texts });
    const source = new CancellationTokenSource();
    const request = starting.request(Chat, { messages: [] }, { token: source.token });
    source.cancel();
    await expect(request).rejects.toMatchObject({ code: 'cancelled' });
    starting.dispose();
  });

  it('closes the connection of a process that died, and frees its listeners', async () => {
    await supervisor.ask(ListModels);
    const dead = last();
    dead.die('killed');
    await vi.advanceTimersByTimeAsync(600);
    expect(dead).toMatchObject({ closed: true, listeners: 0 });
  });
});
