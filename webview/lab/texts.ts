/** The page's words for what the protocol names. */
import type { LabStepName } from '../../extension/protocol/lab.ts';
import { t } from '../shared/l10n.ts';
import type { Problem, ShownStatus } from './next.ts';

export function stepTitle(step: LabStepName): string {
  switch (step) {
    case 'collect':
      return t('Data');
    case 'curate':
      return t('Funnel');
    case 'train':
      return t('Training');
    case 'release':
      return t('Release');
    case 'evaluate':
      return t('Comparison');
  }
}

/** What a step does, for “Next: …” and in place of its results. */
export function stepPurpose(step: LabStepName): string {
  switch (step) {
    case 'collect':
      return t('a model on this computer answers the questions');
    case 'curate':
      return t('broken, repeated and private records are removed');
    case 'train':
      return t('the model is trained on the remaining records');
    case 'release':
      return t('the result is written as one small file for the chat');
    case 'evaluate':
      return t('the old and the new model answer the same tasks');
  }
}

export function statusText(status: ShownStatus): string {
  switch (status) {
    case 'off':
      return t('Not in this project');
    case 'waiting':
      return t('Waiting');
    case 'running':
      return t('Running');
    case 'begun':
      return t('Stopped. Continue to resume.');
    case 'done':
      return t('Done');
    case 'outdated':
      return t('Outdated. The next run repeats it.');
    case 'failed':
      return t('Failed. Continue to resume.');
  }
}

export function statusIcon(status: ShownStatus): string {
  switch (status) {
    case 'off':
      return 'circle-slash';
    case 'waiting':
      return 'circle-large-outline';
    case 'running':
      return 'loading';
    case 'begun':
      return 'debug-pause';
    case 'done':
      return 'pass-filled';
    case 'outdated':
      return 'history';
    case 'failed':
      return 'error';
  }
}

export function problemText(problem: Problem): string {
  switch (problem) {
    case 'noModels':
      return t('There is no model on this computer yet. Get one first.');
    case 'noBase':
      return t('Choose the model to train.');
    case 'baseMissing':
      return t('The model to train is not on this computer. Choose another.');
    case 'noData':
      return t('Add questions with answers, or let a model answer questions.');
    case 'teacherMissing':
      return t('The model that answers is not on this computer. Choose another.');
    case 'noQuestions':
      return t('Add what the model is asked: files of questions, or folders of code.');
  }
}

/** The groups that curating drops by. */
export function funnelText(step: string): string {
  switch (step) {
    case 'read':
      return t('Read');
    case 'malformed':
      return t('Broken or empty');
    case 'refusals':
      return t('Refusals');
    case 'length':
      return t('Too short or too long');
    case 'secrets':
      return t('Secrets');
    case 'personal':
      return t('Personal data');
    case 'leaks':
      return t('Copies of the tasks');
    case 'chosen':
      return t('Dropped by you');
    case 'sources':
      return t('Dropped sources');
    case 'duplicates':
      return t('Duplicates');
    default:
      return step;
  }
}
