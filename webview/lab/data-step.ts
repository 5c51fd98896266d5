import { html, nothing, type TemplateResult } from 'lit';
import { formatBytes } from '../../extension/protocol/format.ts';
import { trainPresetNames, type LabProject, type TrainPresetName } from '../../extension/protocol/lab.ts';
import type { LabModel, LabViewState } from '../../extension/protocol/lab-view.ts';
import { formatNumber, t } from '../shared/l10n.ts';
import { LabElement } from './element.ts';
import { checkbox, field, fileList, nameOf, select, type Choice } from './fields.ts';
import { hasResults, problemsOf, type Problem } from './next.ts';
import { problemText } from './texts.ts';

/** Quantization types; the middle one is the default. */
const quantizations = ['Q4_0', 'Q4_K_S', 'Q4_K_M', 'Q5_K_M', 'Q6_K', 'Q8_0'];

/**
 * The inputs of the project: model, data and training. Collapsed to one line once there are results.
 *
 * @property state - what the page shows
 */
export class DataStep extends LabElement {
  static override readonly properties = { state: { attribute: false } };
  declare state: LabViewState;

  protected override render(): TemplateResult | typeof nothing {
    const { lab, models } = this.state;
    if (lab === undefined) return nothing;
    const { project, collected } = lab;
    const problems = problemsOf(project, models);
    const open = !hasResults(lab) || problems.length > 0;
    return html`
      ${
        collected === undefined
          ? nothing
          : html`<p class="facts" data-testid="collected">
              ${t(
                '{0} of {1} questions are answered.',
                formatNumber(collected.answers),
                formatNumber(collected.questions),
              )}
            </p>`
      }
      ${
        open
          ? this.#form(project, problems)
          : html`<details class="settings">
              <summary>${this.#summary(project)}</summary>
              ${this.#form(project, problems)}
            </details>`
      }
    `;
  }

  #form(project: LabProject, problems: readonly Problem[]): TemplateResult {
    const { run, models } = this.state;
    const problem = (...of: readonly Problem[]): string | undefined => {
      const found = problems.find((candidate) => of.includes(candidate));
      return found === undefined ? undefined : problemText(found);
    };
    return html`<fieldset class="form" ?disabled=${run !== undefined}>
      <legend class="hidden">${t('What the model is made from')}</legend>
      ${
        problems.includes('noData')
          ? html`<p class="intro">
              ${t('A model learns from questions with good answers. Add files of them, or let a larger model on this computer answer questions.')}
            </p>`
          : nothing
      }
      ${field({
        id: 'base',
        label: t('Model to train'),
        problem: problem('noModels', 'noBase', 'baseMissing'),
        control: html`${select('base', project.base, choices(models, project.base, t('Choose a model')), (text) =>
            this.host.edit({ field: 'base', text }),
          )}
          <div class="links">
            <button type="button" class="link" @click=${() => this.host.run('chooseBaseFile')}>
              ${t('Use a GGUF file…')}
            </button>
            <button type="button" class="link" @click=${() => this.host.run('chooseModel')}>
              ${t('Download another model…')}
            </button>
          </div>`,
      })}
      ${field({
        id: 'records',
        label: t('Questions with answers'),
        hint:
          project.records.length === 0
            ? t('JSON Lines, JSON or Parquet, as chats or as prompts with responses.')
            : undefined,
        control: fileList({ list: 'records', paths: project.records, add: t('Add Files…') }, this.host),
      })}
      ${this.#teacher(project, problem)}
      ${field({
        id: 'tasks',
        label: t('Tasks for the comparison'),
        hint:
          project.tasks === undefined
            ? t(
                'Tasks with known answers. They are kept out of training. Without them, the validation records are used.',
              )
            : undefined,
        control: fileList(
          {
            list: 'tasks',
            paths: project.tasks === undefined ? [] : [project.tasks],
            add: project.tasks === undefined ? t('Choose File…') : t('Choose Another…'),
          },
          this.host,
        ),
      })}
      ${this.#training(project)}
    </fieldset>`;
  }

  /** How the model is trained, and what file comes out. */
  #training(project: LabProject): TemplateResult {
    return html`${field({
      id: 'preset',
      label: t('Training'),
      hint: presetHint(project.train.preset),
      control: select(
        'preset',
        project.train.preset,
        trainPresetNames.map((id) => ({ id, title: presetTitle(id) })),
        (text) => this.host.edit({ field: 'preset', text: text as TrainPresetName }),
      ),
    })}
    ${field({
      id: 'quantization',
      label: t('Finished file'),
      control: select(
        'quantization',
        project.quantization,
        withValue(
          quantizations.map((id) => ({ id, title: id === 'Q4_K_M' ? t('{0} (default)', id) : id })),
          project.quantization,
        ),
        (text) => this.host.edit({ field: 'quantization', text }),
      ),
    })}
    ${field({
      id: 'dropRecommended',
      label: t('Weak sources'),
      control: checkbox(
        'dropRecommended',
        t('Drop sources whose answers are short and repeat themselves'),
        project.curate.dropRecommended,
        (on) => this.host.edit({ field: 'dropRecommended', on }),
      ),
    })}`;
  }

  /** Optional: a model that answers questions, which become data. */
  #teacher(project: LabProject, problem: (...of: readonly Problem[]) => string | undefined): TemplateResult {
    const { questions } = project;
    const teacher = questions?.teacher ?? '';
    return html`${field({
      id: 'teacher',
      label: t('Answers by a model'),
      problem: problem('teacherMissing'),
      hint:
        questions === undefined
          ? t('A model on this computer can answer questions that have no answers yet.')
          : undefined,
      control: select(
        'teacher',
        teacher,
        [{ id: '', title: t('None') }, ...choices(this.state.models, teacher, undefined)],
        (text) => this.host.edit({ field: 'teacher', text }),
      ),
    })}
    ${
      questions === undefined
        ? nothing
        : html`${field({
            id: 'questions',
            label: t('Questions'),
            problem: problem('noQuestions'),
            control: fileList({ list: 'questions', paths: questions.files, add: t('Add Questions…') }, this.host),
          })}
          ${field({
            id: 'code',
            label: t('Code to ask about'),
            control: fileList({ list: 'code', paths: questions.code, add: t('Add Folder…') }, this.host),
          })}
          ${field({
            id: 'limit',
            label: t('Most questions per file or folder'),
            hint: questions.limit === 0 ? t('Every question is asked.') : t('Picked at random. 0 asks all questions.'),
            control: html`<input
              type="number"
              id="limit"
              data-testid="limit"
              min="0"
              step="1"
              .value=${String(questions.limit)}
              @change=${(event: Event) => this.#setLimit(event.target as HTMLInputElement)}
            />`,
          })}`
    }`;
  }

  #setLimit(input: HTMLInputElement): void {
    const number = input.valueAsNumber;
    if (Number.isInteger(number) && number >= 0) this.host.edit({ field: 'limit', number });
    else input.value = String(this.state.lab?.project.questions?.limit ?? 0);
  }

  #summary(project: LabProject): string {
    const model = this.state.models?.find(({ id }) => id === project.base)?.title ?? nameOf(project.base);
    const files = project.records.length;
    return [
      model,
      ...(files === 1 ? [t('1 file of answers')] : files > 1 ? [t('{0} files of answers', files)] : []),
      ...(project.questions === undefined ? [] : [t('answers by {0}', this.#titleOf(project.questions.teacher))]),
      presetTitle(project.train.preset),
      project.quantization,
    ].join(' · ');
  }

  #titleOf(id: string): string {
    return this.state.models?.find((model) => model.id === id)?.title ?? nameOf(id);
  }
}

customElements.define('paddock-data-step', DataStep);

/** The installed models, plus the chosen one if it is missing. */
function choices(models: readonly LabModel[] | undefined, value: string, none: string | undefined): readonly Choice[] {
  const known = (models ?? []).map(({ id, title, fileBytes }) => ({
    id,
    title: `${title} · ${formatBytes(fileBytes)}`,
  }));
  return [...(none === undefined || value !== '' ? [] : [{ id: '', title: none }]), ...withValue(known, value)];
}

function withValue(known: readonly Choice[], value: string): readonly Choice[] {
  return value === '' || known.some(({ id }) => id === value) ? known : [...known, { id: value, title: nameOf(value) }];
}

function presetTitle(preset: TrainPresetName): string {
  switch (preset) {
    case 'laptop':
      return t('For a laptop');
    case 'gpt4all-2023':
      return t('GPT4All 2023');
  }
}

function presetHint(preset: TrainPresetName): string {
  switch (preset) {
    case 'laptop':
      return t('Trains all matrices for two epochs. Stops early when the validation loss no longer falls.');
    case 'gpt4all-2023':
      return t('The settings of the first GPT4All: four epochs, long samples. Takes much longer.');
  }
}
