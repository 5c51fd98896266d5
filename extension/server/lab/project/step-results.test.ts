import { expect, test } from 'vitest';
import { recordCheck } from './step-results.ts';

const curation = {
  records: 3,
  train: 2,
  valid: 1,
  funnel: [{ step: 'read', dropped: 0, left: 3 }],
  sources: [
    {
      source: 'a',
      records: 3,
      medianAnswerWords: 2,
      shortShare: null,
      uniqueRatio: 1,
      recommendDrop: false,
      dropped: false,
    },
  ],
  redacted: 0,
  map: 'map.json',
};
const record = { id: 'x', state: 'done', seconds: 1.5, result: curation };

test('reads what a step has written', () => {
  expect(recordCheck('curate')(record, 'step.json')).toMatchObject({ state: 'done', result: { records: 3 } });
  expect(recordCheck('train')({ id: 'x', state: 'begun', seconds: 0 }, 'step.json')).toEqual({
    id: 'x',
    state: 'begun',
    seconds: 0,
  });
  expect(
    recordCheck('train')({ ...record, state: 'begun', result: { steps: 10, samples: 4 } }, 'step.json'),
  ).toMatchObject({
    result: { steps: 10, samples: 4, stoppedEarly: false },
  });
});

test.each([
  ['not a record', null],
  ['another state', { ...record, state: 'half' }],
  ['done without a result', { id: 'x', state: 'done', seconds: 1 }],
  ['a result of another kind', { ...record, result: [] }],
  ['a number that is a text', { ...record, result: { ...curation, records: '3' } }],
  ['a list that is none', { ...record, result: { ...curation, sources: { length: 1e9 } } }],
  ['a source without a name', { ...record, result: { ...curation, sources: [{ records: 1 }] } }],
])('refuses %s', (_name, value) => {
  expect(() => recordCheck('curate')(value, 'step.json')).toThrow(/must/u);
});
