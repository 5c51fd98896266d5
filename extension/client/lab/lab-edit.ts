/** Applies the user's changes to a project. Pure. */
import { isAbsolute, relative, sep } from 'node:path';
import type { LabProject, LabQuestions } from '../../protocol/lab.ts';
import type { LabEdit, LabList } from '../../protocol/lab-view.ts';

export function newProject(title: string, base: string): LabProject {
  return {
    version: 1,
    title,
    base,
    questions: undefined,
    records: [],
    tasks: undefined,
    curate: { dropSources: [], dropRecommended: false, dropIds: [], validShare: 0.05 },
    train: { preset: 'laptop', epochs: undefined, learningRate: undefined },
    quantization: 'Q4_K_M',
    seed: 42,
  };
}

/** The same project when nothing changes. */
export function applyEdit(project: LabProject, edit: LabEdit): LabProject {
  switch (edit.field) {
    case 'title':
      return edit.text.trim() === '' ? project : { ...project, title: edit.text.trim() };
    case 'base':
    case 'quantization':
      return { ...project, [edit.field]: edit.text };
    case 'teacher':
      return {
        ...project,
        questions: edit.text === '' ? undefined : { ...(project.questions ?? noQuestions), teacher: edit.text },
      };
    case 'limit':
      return withQuestions(project, (questions) => ({ ...questions, limit: edit.number }));
    case 'preset':
      return { ...project, train: { ...project.train, preset: edit.text } };
    case 'dropRecommended':
      return { ...project, curate: { ...project.curate, dropRecommended: edit.on } };
    case 'dropSource': {
      const others = project.curate.dropSources.filter((source) => source !== edit.text);
      return { ...project, curate: { ...project.curate, dropSources: edit.on ? [...others, edit.text] : others } };
    }
    case 'dropIds':
      return { ...project, curate: { ...project.curate, dropIds: [...new Set(edit.ids)] } };
    case 'remove':
      return changeList(project, edit.list, (paths) => paths.filter((path) => path !== edit.text));
  }
}

/** Paths inside the project's folder are kept relative to it, so that it can be moved. */
export function addPaths(project: LabProject, folder: string, list: LabList, paths: readonly string[]): LabProject {
  const added = paths.map((path) => inProject(folder, path));
  return changeList(project, list, (known) => [...known, ...added.filter((path) => !known.includes(path))]);
}

/** Answers as long as in the chat, and enough questions per file to judge the result. */
const noQuestions: LabQuestions = { files: [], code: [], teacher: '', limit: 200, maxTokens: 512, temperature: 0.3 };

function inProject(folder: string, path: string): string {
  const inside = relative(folder, path);
  return inside === '' || isAbsolute(inside) || inside.split(sep)[0] === '..' ? path : inside.split(sep).join('/');
}

function changeList(
  project: LabProject,
  list: LabList,
  change: (paths: readonly string[]) => readonly string[],
): LabProject {
  switch (list) {
    case 'records':
      return { ...project, records: change(project.records) };
    case 'tasks':
      // A project has one tasks file, so a new one replaces it.
      return { ...project, tasks: change(project.tasks === undefined ? [] : [project.tasks]).at(-1) };
    case 'questions':
      return withQuestions(project, (questions) => ({ ...questions, files: change(questions.files) }));
    case 'code':
      return withQuestions(project, (questions) => ({ ...questions, code: change(questions.code) }));
  }
}

/** Without a teacher no questions are asked. */
function withQuestions(project: LabProject, change: (questions: LabQuestions) => LabQuestions): LabProject {
  return project.questions === undefined ? project : { ...project, questions: change(project.questions) };
}
