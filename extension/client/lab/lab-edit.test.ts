import { expect, it } from 'vitest';
import { addPaths, applyEdit, newProject } from './lab-edit.ts';

const project = newProject('Mine', 'small');

it('keeps paths inside the folder relative to it, and none twice', () => {
  const once = addPaths(project, '/projects/mine', 'records', [
    '/projects/mine/data/a.jsonl',
    '/projects/other/b.jsonl',
  ]);
  expect(once.records).toEqual(['data/a.jsonl', '/projects/other/b.jsonl']);
  expect(addPaths(once, '/projects/mine', 'records', ['/projects/mine/data/a.jsonl']).records).toEqual(once.records);
  expect(
    addPaths(project, '/projects/mine', 'records', ['/projects/mine-too/c.jsonl', '/projects/mine/..d.jsonl']).records,
  ).toEqual(['/projects/mine-too/c.jsonl', '..d.jsonl']);
});

it('has one file of tasks: what is added takes its place', () => {
  const one = addPaths(project, '/projects/mine', 'tasks', ['/projects/mine/tasks.jsonl']);
  expect(one.tasks).toBe('tasks.jsonl');
  expect(addPaths(one, '/projects/mine', 'tasks', ['/t/other.jsonl']).tasks).toBe('/t/other.jsonl');
  expect(applyEdit(one, { field: 'remove', list: 'tasks', text: 'tasks.jsonl' }).tasks).toBeUndefined();
});

it('asks nobody without a teacher, and forgets the questions with it', () => {
  expect(addPaths(project, '/projects/mine', 'questions', ['/q.txt'])).toBe(project);
  const asked = addPaths(applyEdit(project, { field: 'teacher', text: 'large' }), '/projects/mine', 'questions', [
    '/q.txt',
  ]);
  expect(asked.questions).toMatchObject({ teacher: 'large', files: ['/q.txt'], code: [] });
  expect(applyEdit(asked, { field: 'teacher', text: 'larger' }).questions?.files).toEqual(['/q.txt']);
  expect(applyEdit(asked, { field: 'limit', number: 5 }).questions?.limit).toBe(5);
  expect(applyEdit(asked, { field: 'teacher', text: '' }).questions).toBeUndefined();
});

it('drops a source once and takes it back', () => {
  const drop = { field: 'dropSource', text: 'trivia', on: true } as const;
  const dropped = applyEdit(applyEdit(project, drop), drop);
  expect(dropped.curate.dropSources).toEqual(['trivia']);
  expect(applyEdit(dropped, { ...drop, on: false }).curate.dropSources).toEqual([]);
});

it('has always a name', () => {
  expect(applyEdit(project, { field: 'title', text: '  ' })).toBe(project);
  expect(applyEdit(project, { field: 'title', text: ' Yours ' }).title).toBe('Yours');
});
