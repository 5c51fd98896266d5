import { CancellationTokenSource, ResponseError } from 'vscode-jsonrpc/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelInfo } from '../../protocol/model.ts';
import { ListModels, LoadModel, type ModelEntry } from '../../protocol/server.ts';
import { FakeConnection } from '../engine/fake-connection.ts';
import { EngineSupervisor } from '../engine/supervisor.ts';
import { ModelService } from './model-service.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const texts = { stopped: 'stopped', interrupted: 'interrupted', unavailable: 'unavailable', cancelled: 'cancelled' };
const entry = (id: string, more: Partial<ModelEntry> = {}): ModelEntry =>
  ({ id, title: id, state: 'installed', source: 'catalogue', path: `/models/${id}.gguf`, ...more }) as ModelEntry;

const network = {
  useProxy: true,
  proxy: '',
  proxyAuthorization: '',
  noProxy: [],
  strictSsl: true,
  systemCertificates: true,
};

describe('ModelService', () => {
  let connection: FakeConnection;
  let engine: EngineSupervisor;
  let models: ModelService;
  let chosen: string;
  let changes: number;
  let loads: { finish: () => void; fail: (error: Error) => void; cancelled: boolean }[];

  beforeEach(() => {
    chosen = '';
    changes = 0;
    loads = [];
    connection = new FakeConnection();
    connection.answer = (method, params, token) => {
      if (method === ListModels.method) {
        return Promise.resolve({
          entries: [entry('a'), entry('b')],
          folder: '/models',
          totalMemory: 1,
          availableMemory: 1,
        });
      }
      if (method !== LoadModel.method) return Promise.resolve(null);
      return new Promise((resolve, reject) => {
        const load = { finish: () => resolve({ name: (params as { id: string }).id }), fail: reject, cancelled: false };
        loads.push(load);
        token?.onCancellationRequested(() => {
          load.cancelled = true;
          reject(new ResponseError(-32_800, 'cancelled'));
        });
      });
    };
    engine = new EngineSupervisor({ connect: () => Promise.resolve(connection), log, texts });
    models = new ModelService({
      engine,
      chosen: { get: () => chosen, set: (id) => Promise.resolve(void (chosen = id)) },
      texts: { noModel: 'No model.' },
      network: () => network,
    });
    models.onDidChange(() => changes++);
  });
  afterEach(() => {
    models.dispose();
    engine.dispose();
  });
  const loadStarted = (count = 1): Promise<void> => expect.poll(() => loads.length).toBe(count);

  it('goes on loading for the others when one caller cancels, and stops when all have', async () => {
    const [one, two] = [new CancellationTokenSource(), new CancellationTokenSource()];
    const asked = [models.ensureLoaded(one.token), models.ensureLoaded(two.token)].map((work) =>
      work.catch((error: unknown) => error),
    );
    await loadStarted();
    one.cancel();
    expect(await asked[0]).toMatchObject({ code: 'cancelled' });
    expect(loads[0]?.cancelled).toBe(false);
    two.cancel();
    expect(await asked[1]).toMatchObject({ code: 'cancelled' });
    await expect.poll(() => loads[0]?.cancelled).toBe(true);
    expect(models.loadedId).toBeUndefined();
  });

  it('cancels the waiting before the engine has started, and not the start', async () => {
    const source = new CancellationTokenSource();
    const asked = models.ensureLoaded(source.token);
    source.cancel();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('follows the setting also while another model is being loaded, and joins a load of the same', async () => {
    const first = models.load('a').catch((error: unknown) => error);
    await loadStarted();
    chosen = 'b';
    const followed = models.followChoice();
    await loadStarted(2);
    const joined = models.load('b');
    loads[1]?.finish();
    await Promise.all([followed, joined]);
    expect(models.loadedId).toBe('b');
    expect(loads).toHaveLength(2);
    loads[0]?.fail(new Error('dropped'));
    await first;
  });

  it('says that a model is unloaded, also by the end of its process', async () => {
    const loading = models.load('a');
    await loadStarted();
    loads[0]?.finish();
    await loading;
    let before = changes;
    await models.unload();
    expect(models.loadedId).toBeUndefined();
    expect(changes).toBeGreaterThan(before);
    const again = models.load('a');
    await loadStarted(2);
    loads[1]?.finish();
    await again;
    before = changes;
    await engine.stop();
    expect(models.loaded).toBeUndefined();
    expect(changes).toBeGreaterThan(before);
  });

  it('keeps its model while another window uses another one, and says which is in memory', async () => {
    await models.refresh();
    const loading = models.load('a');
    await loadStarted();
    loads[0]?.finish();
    await loading;
    const info = (id: string): ModelInfo => ({ path: `/models/${id}.gguf` }) as ModelInfo;
    connection.emitState({ kind: 'ready', model: info('b'), otherModel: true });
    expect(models).toMatchObject({ loaded: undefined, loadedId: 'b', view: { current: 'a' } });
    // The engine loads it again with the next request.
    await models.ensureLoaded();
    expect(loads).toHaveLength(1);
    connection.emitState({ kind: 'answering', model: info('a') });
    expect(models.loadedId).toBe('a');
    expect(models.loaded).toBeDefined();
    const before = changes;
    connection.emitState({ kind: 'ready', model: info('a') });
    expect(changes).toBe(before);
    connection.emitState({ kind: 'noModel' });
    expect(models).toMatchObject({ loaded: undefined, loadedId: undefined });
    await models.ensureLoaded();
    expect(loads).toHaveLength(1);
  });

  it('does not cut off an answer for a choice that was made elsewhere', async () => {
    const first = models.load('a');
    await loadStarted();
    loads[0]?.finish();
    await first;
    chosen = 'b';
    const followed = models.followChoice();
    await loadStarted(2);
    loads[1]?.finish();
    await followed;
    const asked = connection.sent.filter(({ method }) => method === LoadModel.method);
    expect(asked.map(({ params }) => params['patient'])).toEqual([false, true]);
  });

  it('knows a file that lies in the models folder from one that was added', async () => {
    await models.refresh();
    expect(models.isInFolder(entry('/models/x.gguf', { source: 'user', path: '/models/x.gguf' }))).toBe(true);
    expect(models.isInFolder(entry('/other/x.gguf', { source: 'user', path: '/other/x.gguf' }))).toBe(false);
    expect(models.isInFolder(entry('a'))).toBe(false);
  });
});
