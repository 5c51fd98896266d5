import { describe, expect, it } from 'vitest';
import type { LabState, LabStepStatus } from '../../extension/protocol/lab.ts';
import { labRequests, type LabSnapshot, type LabViewState } from '../../extension/protocol/lab-view.ts';
import { isValidRequest } from '../../extension/protocol/view.ts';
import { ViewStore } from '../shared/view-store.ts';
import { applyChange } from './lab-change.ts';
import { nextOf, problemsOf, shownSteps } from './next.ts';

const names = ['collect', 'curate', 'train', 'release', 'evaluate'] as const;

function lab(statuses: readonly LabStepStatus[], more: Partial<LabState> = {}): LabState {
  return {
    folder: '/projects/mine',
    project: {
      version: 1,
      title: 'Mine',
      base: 'small',
      questions: undefined,
      records: ['a.jsonl'],
      tasks: undefined,
      curate: { dropSources: [], dropRecommended: false, dropIds: [], validShare: 0.05 },
      train: { preset: 'laptop', epochs: undefined, learningRate: undefined },
      quantization: 'Q4_K_M',
      seed: 42,
    },
    steps: statuses.map((status, index) => ({ name: names[index]!, status, seconds: undefined })),
    collected: undefined,
    curation: undefined,
    training: undefined,
    release: undefined,
    comparison: undefined,
    report: undefined,
    ...more,
  };
}

function view(shown: LabState, more: Partial<LabViewState> = {}): LabViewState {
  return {
    trusted: true,
    folder: shown.folder,
    lab: shown,
    run: undefined,
    error: undefined,
    models: [{ id: 'small', title: 'Small', fileBytes: 1 }],
    inUse: false,
    ...more,
  };
}
const run = { until: undefined, stopping: false, paused: false, progress: undefined };
const progress = { step: 'train', words: 'step 2', fraction: 0.1, remainingSeconds: 9 } as const;

describe('the store of the lab', () => {
  it('has the same after deltas as in a snapshot, and asks again after a gap', async () => {
    let host: LabSnapshot = {
      protocolVersion: 1,
      seq: 0,
      state: view(lab(['off', 'done', 'waiting']), { run }),
      texts: {},
    };
    let fetched = 0;
    const store = new ViewStore({
      fetch: () => {
        fetched++;
        return Promise.resolve(host);
      },
      apply: applyChange,
      onChange: () => undefined,
    });
    await store.refresh();
    store.apply({ seq: 1, change: { kind: 'progress', progress: { ...progress, points: [{ step: 1, loss: 2 }] } } });
    store.apply({
      seq: 2,
      change: { kind: 'progress', progress: { ...progress, points: [{ step: 1, validLoss: 3 }] } },
    });
    expect(store.state?.lab?.training).toMatchObject({
      points: [
        { step: 1, loss: 2 },
        { step: 1, validLoss: 3 },
      ],
    });
    expect(store.state?.run?.progress?.words).toBe('step 2');
    host = { ...host, seq: 9, state: view(lab(['off', 'done', 'done'])) };
    store.apply({ seq: 9, change: { kind: 'run', run: undefined } });
    await store.refresh();
    expect(fetched).toBe(2);
    expect(store.state?.run).toBeUndefined();
  });

  it('does not take progress of a run that it does not know', () => {
    expect(applyChange(view(lab([])), { kind: 'progress', progress })).toBeUndefined();
  });
});

describe('nextOf', () => {
  const waiting: LabStepStatus[] = ['off', 'waiting', 'waiting', 'waiting', 'off'];

  it('says what the button does', () => {
    const release = { path: 'm.gguf', bytes: 1, quantization: 'Q4_K_M' };
    const done = lab(['off', 'done', 'done', 'done', 'off'], { release });
    expect(nextOf(view(lab(waiting)))).toEqual({ kind: 'start', step: 'curate', problem: undefined });
    expect(nextOf(view(lab(waiting), { run }))).toEqual({ kind: 'stop', stopping: false });
    expect(nextOf(view(lab(['off', 'done', 'begun', 'waiting', 'off'])))).toMatchObject({
      kind: 'continue',
      step: 'train',
    });
    expect(nextOf(view(lab(['off', 'outdated', 'outdated', 'outdated', 'off'], { release })))).toMatchObject({
      kind: 'continue',
      step: 'curate',
    });
    expect(nextOf(view(done))).toEqual({ kind: 'use' });
    expect(nextOf(view(done, { inUse: true }))).toEqual({ kind: 'openChat' });
  });

  it('names what is missing', () => {
    const { project } = lab(waiting);
    const models = [{ id: 'small', title: 'Small', fileBytes: 1 }];
    const questions = { files: [], code: [], teacher: 'large', limit: 0, maxTokens: 1, temperature: 0 };
    expect(problemsOf(project, models)).toEqual([]);
    expect(problemsOf(project, undefined)).toEqual([]);
    expect(problemsOf(project, [])).toEqual(['noModels']);
    expect(problemsOf({ ...project, base: '', records: [] }, models)).toEqual(['noBase', 'noData']);
    expect(problemsOf({ ...project, base: 'gone', records: [], questions }, models)).toEqual([
      'baseMissing',
      'teacherMissing',
      'noQuestions',
    ]);
  });

  it('shows as running what this window runs, and as stopped what a lost process left', () => {
    const left = lab(['off', 'done', 'running', 'waiting', 'off']);
    expect(shownSteps(view(left))[2]?.status).toBe('begun');
    expect(shownSteps(view(left, { run: { ...run, progress } }))[2]?.status).toBe('running');
    const error = { code: 'engineStopped', message: '', step: 'train' } as const;
    expect(shownSteps(view(left, { error }))[2]?.status).toBe('failed');
  });
});

describe('what the page may ask', () => {
  const valid: [string, unknown][] = [
    ['lab/snapshot', undefined],
    ['lab/edit', { field: 'title', text: 'x' }],
    ['lab/edit', { field: 'limit', number: 0 }],
    ['lab/edit', { field: 'preset', text: 'laptop' }],
    ['lab/edit', { field: 'dropSource', text: 'x', on: true }],
    ['lab/edit', { field: 'remove', list: 'code', text: 'src' }],
    ['lab/edit', { field: 'dropIds', ids: ['a', 'b'] }],
    ['lab/map', undefined],
    ['lab/add', { list: 'records' }],
    ['lab/start', {}],
    ['lab/start', { until: 'train' }],
    ['lab/action', { action: 'openReport' }],
  ];
  it.each(valid)('%s %j', (method, params) => expect(isValidRequest(labRequests, method, params)).toBe(true));

  const invalid: [string, unknown][] = [
    ['chat/send', { text: 'x' }],
    ['lab/edit', { field: 'seed', text: 'x' }],
    ['lab/edit', { field: 'title', text: 1 }],
    ['lab/edit', { field: 'limit', number: -1 }],
    ['lab/edit', { field: 'limit', number: 0.5 }],
    ['lab/edit', { field: 'preset', text: 'other' }],
    ['lab/edit', { field: 'dropSource', text: 'x' }],
    ['lab/edit', { field: 'remove', list: 'models', text: 'x' }],
    ['lab/edit', { field: 'dropIds', ids: 'a' }],
    ['lab/edit', { field: 'dropIds', ids: [1] }],
    ['lab/edit', null],
    ['lab/add', { list: '__proto__' }],
    ['lab/start', { until: 'everything' }],
    ['lab/action', { action: 'workbench.action.terminal.new' }],
  ];
  it.each(invalid)('not %s %j', (method, params) => expect(isValidRequest(labRequests, method, params)).toBe(false));
});
