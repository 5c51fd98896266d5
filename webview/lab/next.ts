/** Missing inputs, the status of the steps, and the next action. Pure. */
import type { LabProject, LabState, LabStepName, LabStepStatus } from '../../extension/protocol/lab.ts';
import type { LabModel, LabViewState } from '../../extension/protocol/lab-view.ts';

export type Problem = 'noModels' | 'noBase' | 'baseMissing' | 'noData' | 'teacherMissing' | 'noQuestions';

/** Why the project cannot start, in the order of the page; empty when it can. */
export function problemsOf(project: LabProject, models: readonly LabModel[] | undefined): readonly Problem[] {
  const { base, questions, records } = project;
  const has = (id: string): boolean => models === undefined || models.some((model) => model.id === id);
  const problems: Problem[] = [];
  if (models?.length === 0) problems.push('noModels');
  else if (base === '') problems.push('noBase');
  else if (!has(base)) problems.push('baseMissing');
  if (records.length === 0 && questions === undefined) problems.push('noData');
  if (questions !== undefined) {
    if (!has(questions.teacher)) problems.push('teacherMissing');
    if (questions.files.length === 0 && questions.code.length === 0) problems.push('noQuestions');
  }
  return problems;
}

export type ShownStatus = LabStepStatus | 'failed';

export interface ShownStep {
  readonly name: LabStepName;
  readonly status: ShownStatus;
  readonly seconds: number | undefined;
}

/** The current steps: the run is newer than the state that was read. */
export function shownSteps({ lab, run, error }: LabViewState): readonly ShownStep[] {
  return (lab?.steps ?? []).map(({ name, status, seconds }) => {
    if (run?.progress?.step === name) return { name, status: 'running', seconds };
    const failed = run === undefined && error?.step === name && status !== 'done';
    // A running step that is not of this window is from a process that is gone.
    return { name, status: failed ? 'failed' : status === 'running' ? 'begun' : status, seconds };
  });
}

export type Next =
  | { readonly kind: 'stop'; readonly stopping: boolean }
  | { readonly kind: 'start' | 'continue'; readonly step: LabStepName; readonly problem: Problem | undefined }
  | { readonly kind: 'use' }
  | { readonly kind: 'openChat' };

/** Undefined without a project or results. */
export function nextOf(state: LabViewState): Next | undefined {
  const { lab, run, models, inUse } = state;
  if (lab === undefined) return undefined;
  if (run !== undefined) return { kind: 'stop', stopping: run.stopping };
  const steps = shownSteps(state).filter(({ status }) => status !== 'off');
  const open = steps.find(({ status }) => status !== 'done');
  if (open !== undefined) {
    const fresh = steps.every(({ status }) => status === 'waiting');
    const [problem] = problemsOf(lab.project, models);
    return { kind: fresh ? 'start' : 'continue', step: open.name, problem };
  }
  if (lab.release === undefined) return undefined;
  return { kind: inUse ? 'openChat' : 'use' };
}

/** Whether the project has results, which then matter more than its inputs. */
export function hasResults({ steps }: LabState): boolean {
  return steps.some(({ status }) => status === 'done' || status === 'outdated' || status === 'begun');
}
