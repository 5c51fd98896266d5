import { expect, it } from 'vitest';
import { addPaths, applyEdit, newProject } from './lab-edit.ts';

const project = newProject('Mine', 'small');

it('keeps paths inside the folder relative to it, and none twice', () => {
  const once = addPaths(project, '/work/mine', 'records', ['/work/mine/data/a.jsonl', '/work/other/b.jsonl']);
  expect(once.records).toEqual(['data/a.jsonl', '/work/other/b.jsonl']);
  expect(addPaths(once, '/work/mine', 'records', ['/work/mine/data/a.jsonl']).records).toEqual(once.records);
  expect(
    addPaths(project, '/work/mine', 'records', ['/work/mine-too/c.jsonl', '/work/mine/..d.jsonl']).records,
  ).toEqual(['/work/mine-too/c.jsonl', '..d.jsonl']);
});

it('has one file of tasks: what is added takes its place', () => {
  const one = addPaths(project, '/work/mine', 'tasks', ['/work/mine/tasks.jsonl']);
  expect(one.tasks).toBe('tasks.jsonl');
  expect(addPaths(one, '/work/mine', 'tasks', ['/t/other.jsonl']).tasks).toBe('/t/other.jsonl');
  expect(applyEdit(one, { field: 'remove', list: 'tasks', text: 'tasks.jsonl' }).tasks).toBeUndefined();
});

it('asks nobody without a teacher, and forgets the questions with it', () => {
  expect(addPaths(project, '/work/mine', 'questions', ['/q.txt'])).toBe(project);
  const asked = addPaths(applyEdit(project, { field: 'teacher', text: 'large' }), '/work/mine', 'questions', [
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
