/**
 * The lab: the road from questions and answers to a model of one's own. A project is a folder; its steps leave files
 * there, and what they depend on, so that a step is done again only when that has changed.
 *
 * The types are shared by all layers; the messages go between the extension host (client) and a child process of the
 * lab's own, so that the chat keeps its model.
 */
import { NotificationType, ProgressType, RequestType } from 'vscode-jsonrpc';
import type { ErrorData } from './model.ts';

type Token = string | number;

/** In their order. */
export const labSteps = ['collect', 'curate', 'train', 'release', 'evaluate'] as const;
export type LabStepName = (typeof labSteps)[number];

export const trainPresetNames = ['laptop', 'gpt4all-2023'] as const;
export type TrainPresetName = (typeof trainPresetNames)[number];

/** What a teacher is asked. */
export interface LabQuestions {
  /** Files of questions, or of records whose answers are not read. */
  readonly files: readonly string[];
  /** Folders of code that questions are made about. */
  readonly code: readonly string[];
  /** The model that answers: a catalogue name or a path. */
  readonly teacher: string;
  /** The most questions of each file and each folder, drawn at random; 0 = all. */
  readonly limit: number;
  /** The longest answer. */
  readonly maxTokens: number;
  readonly temperature: number;
}

/** What the user decides: `lab.json` in the project's folder. Paths are absolute or relative to that folder. */
export interface LabProject {
  readonly version: 1;
  readonly title: string;
  /** The model that is trained: a catalogue name or a path. */
  readonly base: string;
  /** Undefined = nothing is collected. */
  readonly questions: LabQuestions | undefined;
  /** Files of records with answers, in any format that curating reads. */
  readonly records: readonly string[];
  /** Tasks with known answers: kept out of the training set, and what the models are compared by. */
  readonly tasks: string | undefined;
  readonly curate: {
    readonly dropSources: readonly string[];
    /** Drops the sources that are recommended for it. */
    readonly dropRecommended: boolean;
    /** Records that were chosen to go, e.g. on the map. */
    readonly dropIds: readonly string[];
    /** The share of the validation set, 0..1. */
    readonly validShare: number;
  };
  readonly train: {
    readonly preset: TrainPresetName;
    /** Instead of the preset's. */
    readonly epochs: number | undefined;
    readonly learningRate: number | undefined;
  };
  /** The type of the finished file, e.g. Q4_K_M. */
  readonly quantization: string;
  readonly seed: number;
}

export type LabStepStatus =
  /** The project does not have it. */
  | 'off'
  | 'waiting'
  | 'running'
  /** Stopped or failed with something done; it goes on where it was. */
  | 'begun'
  | 'done'
  /** Done, with other input or settings than there are now. */
  | 'outdated';

export interface LabProgress {
  readonly step: LabStepName;
  /** What is done now, for people; English. */
  readonly words: string;
  /** 0..1 of the step. */
  readonly fraction: number;
  /** Of the step. */
  readonly remainingSeconds: number | undefined;
  /** While a model is trained: what the curve has more. */
  readonly points?: readonly LossPoint[];
}

/**
 * After `step` steps: `loss` of the samples of the last of them, or `validLoss` of a look at the validation set. Nats
 * per
 * token.
 */
export interface LossPoint {
  readonly step: number;
  readonly loss?: number;
  readonly validLoss?: number;
}

export interface LabStepView {
  readonly name: LabStepName;
  readonly status: LabStepStatus;
  /** Of all runs of it together. */
  readonly seconds: number | undefined;
}

export interface LabSource {
  readonly source: string;
  readonly records: number;
  readonly medianAnswerWords: number;
  /** Share of answers of at most three words. */
  readonly shortShare: number;
  readonly uniqueRatio: number;
  readonly recommendDrop: boolean;
  readonly dropped: boolean;
}

export interface LabCuration {
  readonly records: number;
  readonly train: number;
  readonly valid: number;
  /** What is left after each step; the first is what was read. */
  readonly funnel: readonly { readonly step: string; readonly dropped: number; readonly left: number }[];
  readonly sources: readonly LabSource[];
  readonly redacted: number;
  /** The file of the map, see `DataMap`. */
  readonly map: string | undefined;
}

export interface LabTraining {
  readonly points: readonly LossPoint[];
  /** Steps there are to make; undefined while that is not known. */
  readonly steps: number | undefined;
  readonly samples: number | undefined;
  readonly tokens: number | undefined;
  readonly firstValidLoss: number | undefined;
  readonly validLoss: number | undefined;
  readonly stoppedEarly: boolean;
}

/** Before anything is known of it. */
export const noTraining: LabTraining = {
  points: [],
  steps: undefined,
  samples: undefined,
  tokens: undefined,
  firstValidLoss: undefined,
  validLoss: undefined,
  stoppedEarly: false,
};

/** The same question, answered before and after training. */
export interface LabAnswer {
  readonly question: string;
  readonly before: string;
  readonly after: string;
}

export interface LabComparison {
  readonly metric: string;
  readonly unit: string;
  readonly tasks: number;
  /** The base, then the new model. */
  readonly medians: readonly [number, number];
  readonly means: readonly [number, number];
  /** Tasks in each of the equal bins of `range`, for both; the last bin has what was above. */
  readonly histograms: readonly [readonly number[], readonly number[]];
  readonly range: readonly [number, number];
  /** Tasks on which the new model is better, both are equal, the base is better. */
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
  /** Two-sided sign test. */
  readonly p: number;
  readonly answers: readonly LabAnswer[];
}

export interface LabRelease {
  readonly path: string;
  readonly bytes: number;
  readonly quantization: string;
}

/** Everything there is to show of a project. */
export interface LabState {
  readonly folder: string;
  readonly project: LabProject;
  readonly steps: readonly LabStepView[];
  readonly collected: { readonly answers: number; readonly questions: number } | undefined;
  readonly curation: LabCuration | undefined;
  readonly training: LabTraining | undefined;
  readonly release: LabRelease | undefined;
  readonly comparison: LabComparison | undefined;
  /** The page that tells the whole story; once there is something to tell. */
  readonly report: string | undefined;
}

/** The client shows a project. Fails with `notFound` when the folder holds none. */
export const OpenLab = new RequestType<{ readonly folder: string }, LabState, ErrorData>('paddock/lab/open');

/** The user changed what the project is to do, or makes a new one. Files that steps left stay. */
export const SaveLab = new RequestType<{ readonly folder: string; readonly project: LabProject }, LabState, ErrorData>(
  'paddock/lab/save',
);

export interface RunLabParams {
  readonly folder: string;
  /** The last step to make; undefined = all. */
  readonly until?: LabStepName | undefined;
  readonly partialResultToken?: Token | undefined;
}
/** The user starts the steps that are not done. Cancelling it loses nothing: the next run goes on. */
export const RunLab = new RequestType<RunLabParams, LabState, ErrorData>('paddock/lab/run');
export const LabRunProgress = new ProgressType<LabProgress>();

/** The editor needs the cores for something else, or no longer does. */
export const PauseLab = new NotificationType<{ readonly paused: boolean }>('paddock/lab/pause');
