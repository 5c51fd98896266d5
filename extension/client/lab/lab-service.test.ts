import { ResponseError } from 'vscode-jsonrpc/node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OpenLab, RunLab, SaveLab, type LabProgress, type LabState } from '../../protocol/lab.ts';
import { FakeConnection } from '../engine/fake-connection.ts';
import { EngineSupervisor } from '../engine/supervisor.ts';
import { newProject } from './lab-edit.ts';
import { LabService, type LabOutcome, type LabServiceChange } from './lab-service.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const folder = '/projects/mine';
const state = (more: Partial<LabState> = {}): LabState => ({
  folder,
  project: newProject('Mine', 'small'),
  steps: [],
  collected: undefined,
  curation: undefined,
  training: undefined,
  release: undefined,
  comparison: undefined,
  report: undefined,
  ...more,
});

/** A process that holds one project. */
class LabConnection extends FakeConnection {
  disk = state();
  progress: (part: LabProgress) => void = (part) => this.emitPart(part);
  lose: (reason: string) => void = (reason) => this.die(reason);
  finish: (result?: LabState) => void = () => undefined;
  fail: (error: Error) => void = () => undefined;

  override answer: FakeConnection['answer'] = (method, params, token) => {
    if (method === SaveLab.method) this.disk = { ...this.disk, ...(params as { project: LabState['project'] }) };
    if (method !== RunLab.method) return Promise.resolve(this.disk);
    return new Promise((resolve, reject) => {
      this.finish = (result = this.disk) => resolve(result);
      this.fail = reject;
      token?.onCancellationRequested(() => reject(new ResponseError(-32_800, 'cancelled')));
    });
  };
}

describe('LabService', () => {
  let connections: LabConnection[];
  let service: LabService;
  let changes: LabServiceChange[];
  let outcomes: LabOutcome[];
  const last = (): LabConnection => connections.at(-1)!;
  const methods = (): string[] => last().sent.map(({ method }) => method);
  const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
  const part = (step: LabProgress['step'], more: Partial<LabProgress> = {}): LabProgress => ({
    step,
    words: 'some of it',
    fraction: 0.5,
    remainingSeconds: undefined,
    ...more,
  });
  let engine: EngineSupervisor;

  beforeEach(() => {
    vi.useFakeTimers();
    connections = [];
    changes = [];
    outcomes = [];
    service = new LabService({
      createEngine: () =>
        (engine = new EngineSupervisor({
          connect: () => {
            connections.push(new LabConnection());
            return Promise.resolve(last());
          },
          log,
          texts: {
            stopped: 'It stopped.',
            interrupted: 'Restarted.',
            unavailable: 'No start.',
            cancelled: 'Cancelled.',
          },
        })),
      log,
      texts: { busy: (title) => `Busy with ${title}.` },
    });
    service.onDidChange((change) => changes.push(change));
    service.onDidEnd((outcome) => outcomes.push(outcome));
  });
  afterEach(() => {
    service.dispose();
    vi.useRealTimers();
  });
  const startRun = async (): Promise<void> => {
    await service.open(folder);
    void service.start();
    await settle();
  };

  it('starts its process when a project is opened, and ends it when it has nothing to do', async () => {
    expect(connections).toHaveLength(0);
    await service.open(folder);
    expect(service.lab?.project.title).toBe('Mine');
    await vi.advanceTimersByTimeAsync(61_000);
    expect(last().closed).toBe(true);
    await service.reload();
    expect(connections).toHaveLength(2);
  });

  it('keeps the process of a run alive, however long it takes', async () => {
    await startRun();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(last().closed).toBe(false);
    last().finish();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(last().closed).toBe(true);
  });

  it('says why a project cannot be read', async () => {
    await service.open(folder);
    last().answer = () => Promise.reject(new ResponseError(1, 'There is none.', { code: 'notFound' }));
    await expect(service.open('/projects/none')).rejects.toMatchObject({ code: 'notFound' });
    expect(service.lab).toBeUndefined();
    expect(service.error).toMatchObject({ code: 'notFound', message: 'There is none.' });
  });

  it('shows a change at once and saves what came while it saved', async () => {
    await service.open(folder);
    service.edit((project) => ({ ...project, title: 'A' }));
    service.edit((project) => ({ ...project, title: 'B' }));
    expect(service.lab?.project.title).toBe('B');
    service.edit((project) => project);
    await settle();
    const saved = last().sent.filter(({ method }) => method === SaveLab.method);
    expect(saved.map(({ params }) => (params['project'] as LabState['project']).title)).toEqual(['A', 'B']);
    expect(service.lab?.project.title).toBe('B');
  });

  it('saves what was changed before it shows another project', async () => {
    await service.open(folder);
    service.edit((project) => ({ ...project, title: 'A' }));
    service.edit((project) => ({ ...project, title: 'B' }));
    await service.open('/projects/other');
    const saved = last().sent.filter(({ method }) => method === SaveLab.method);
    expect(saved.map(({ params }) => params['folder'])).toEqual([folder, folder]);
    expect(last().sent.at(-1)).toMatchObject({ method: OpenLab.method, params: { folder: '/projects/other' } });
    expect(service.lab).toBeDefined();
  });

  it('follows a run: progress, points of the curve, results of the steps that ended', async () => {
    await startRun();
    last().progress(part('curate'));
    last().disk = state({ curation: { records: 5 } as LabState['curation'] });
    last().progress(part('train', { points: [{ step: 1, loss: 2 }] }));
    await settle();
    expect(service.lab?.curation?.records).toBe(5);
    last().progress(part('train', { points: [{ step: 2, loss: 1.5 }] }));
    last().progress(part('train', { points: [{ step: 2, validLoss: 1.8 }] }));
    expect(service.lab?.training?.points.map(({ step }) => step)).toEqual([1, 2, 2]);
    // A run that goes on repeats the steps since its checkpoint.
    last().progress(part('train', { points: [{ step: 2, loss: 1.4 }] }));
    expect(service.lab?.training?.points).toEqual([
      { step: 1, loss: 2 },
      { step: 2, validLoss: 1.8 },
      { step: 2, loss: 1.4 },
    ]);
    last().finish(state({ report: '/r.html' }));
    await settle();
    expect(service.run).toBeUndefined();
    expect(service.lab?.report).toBe('/r.html');
    expect(outcomes).toEqual(['done']);
  });

  it('shows what an outdated step had found until the step is made again', async () => {
    const curation = { records: 5 } as LabState['curation'];
    const training = { points: [{ step: 9, loss: 3 }] } as unknown as LabState['training'];
    await service.open(folder);
    last().disk = state({ curation, training });
    await service.reload();
    const outdated = (['curate', 'train'] as const).map(
      (name) => ({ name, status: 'outdated', seconds: undefined }) as const,
    );
    last().disk = state({ steps: outdated, curation, training });
    service.edit((project) => ({ ...project, curate: { ...project.curate, dropSources: ['trivia'] } }));
    await settle();
    expect(service.lab).toMatchObject({ curation, training });
    // The new curve does not go on where the old one ended.
    void service.start();
    await settle();
    last().progress(part('curate'));
    last().disk = state({ training: { points: [] } as unknown as LabState['training'] });
    last().progress(part('train'));
    await settle();
    last().progress(part('train', { points: [{ step: 1, loss: 2 }] }));
    expect(service.lab?.training?.points).toEqual([{ step: 1, loss: 2 }]);
    expect(service.lab?.curation).toBeUndefined();
  });

  it('changes nothing of the project while it runs', async () => {
    await startRun();
    service.edit((project) => ({ ...project, title: 'Other' }));
    expect(service.lab?.project.title).toBe('Mine');
  });

  it('stops, reads what was done, and goes on', async () => {
    await startRun();
    last().disk = state({ collected: { answers: 3, questions: 9 } });
    service.stop();
    expect(service.run?.stopping).toBe(true);
    await settle();
    expect(service.run).toBeUndefined();
    expect(service.error).toBeUndefined();
    expect(service.lab?.collected?.answers).toBe(3);
    expect(outcomes).toEqual(['stopped']);
    void service.start('train');
    await settle();
    expect(last().sent.at(-1)).toMatchObject({ method: RunLab.method, params: { folder, until: 'train' } });
  });

  it('starts one run only', async () => {
    await startRun();
    void service.start();
    await settle();
    expect(methods().filter((method) => method === RunLab.method)).toHaveLength(1);
  });

  it('tells that the process died, reads the project again, and goes on', async () => {
    await startRun();
    last().progress(part('train'));
    last().lose('killed');
    await settle();
    expect(service.run).toBeUndefined();
    expect(service.error).toEqual({ code: 'engineStopped', message: 'It stopped.', step: 'train' });
    expect(connections).toHaveLength(2);
    expect(methods()).toEqual([OpenLab.method]);
    expect(outcomes).toEqual(['failed']);
    void service.start();
    await settle();
    expect(service.error).toBeUndefined();
    expect(methods()).toEqual([OpenLab.method, RunLab.method]);
  });

  it('counts a run as stopped when its process is restarted on purpose', async () => {
    await startRun();
    void engine.restart();
    await settle();
    expect(outcomes).toEqual(['stopped']);
    expect(service.error).toBeUndefined();
  });

  it('says when the run waits for the models, and not of the next one', async () => {
    await startRun();
    last().emitPart({ waits: true });
    expect(service.run?.paused).toBe(true);
    last().emitPart({ waits: false });
    expect(service.run?.paused).toBe(false);
    last().emitPart({ waits: true });
    last().lose('killed');
    await settle();
    expect(service.run).toBeUndefined();
    void service.start();
    await settle();
    expect(service.run?.paused).toBe(false);
  });

  it('takes new settings with a new process, but not from a run', async () => {
    await startRun();
    service.renew();
    await settle();
    expect(last().closed).toBe(false);
    last().finish();
    await settle();
    service.renew();
    await settle();
    expect(last().closed).toBe(true);
    await service.reload();
    expect(connections).toHaveLength(2);
  });

  it('ends with its window, and starts nothing on the way', async () => {
    await startRun();
    const ended = service.shutDown();
    await vi.advanceTimersByTimeAsync(2000);
    await ended;
    expect(last().closed).toBe(true);
    expect(connections).toHaveLength(1);
    expect(methods().at(-1)).toBe(RunLab.method);
    expect(outcomes).toEqual(['stopped']);
  });

  it('leaves a project that runs only when it is stopped', async () => {
    await startRun();
    await expect(service.open('/projects/other')).rejects.toMatchObject({ code: 'busy', message: 'Busy with Mine.' });
    expect(service.folder).toBe(folder);
    service.stop();
    await settle();
    last().disk = state({ folder: '/projects/other' });
    await service.open('/projects/other');
    expect(changes.at(-1)).toMatchObject({ kind: 'lab', lab: { folder: '/projects/other' } });
  });
});
