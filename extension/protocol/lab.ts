/**
 * The lab turns questions and answers into the user's own model. A project is a folder. Each step leaves its files
 * there, with a digest of its inputs, and is repeated only when they have changed. All layers share the types. The
 * messages go between the extension host (client) and the lab's own child process, so that the chat keeps its model.
 */
import { ProgressType, RequestType } from 'vscode-jsonrpc';
import type { ErrorData } from './model.ts';

type Token = string | number;

/** In the order in which they run. */
export const labSteps = ['collect', 'curate', 'train', 'release', 'evaluate'] as const;
export type LabStepName = (typeof labSteps)[number];

export const trainPresetNames = ['laptop', 'gpt4all-2023'] as const;
export type TrainPresetName = (typeof trainPresetNames)[number];

/** The questions for a teacher model. */
export interface LabQuestions {
  /** Files of questions, or of records whose answers are not read. */
  readonly files: readonly string[];
  /** Folders of code to ask questions about. */
  readonly code: readonly string[];
  /** The model that answers: a catalogue name or a path. */
  readonly teacher: string;
  /** The maximum number of questions per file and folder, picked at random; 0 = all. */
  readonly limit: number;
  /** The longest answer. */
  readonly maxTokens: number;
  readonly temperature: number;
}

/** The user's settings: `lab.json` in the project's folder. Paths are absolute or relative to that folder. */
export interface LabProject {
  readonly version: 1;
  readonly title: string;
  /** The model that is trained: a catalogue name or a path. */
  readonly base: string;
  /** Undefined = the project does not collect answers. */
  readonly questions: LabQuestions | undefined;
  /** Files of records with answers, in any format that curating reads. */
  readonly records: readonly string[];
  /** Tasks with known answers. They are kept out of the training set and used to compare the models. */
  readonly tasks: string | undefined;
  readonly curate: {
    readonly dropSources: readonly string[];
    /** Also drops the sources that the report recommends to drop. */
    readonly dropRecommended: boolean;
    /** Ids of records that the user chose to drop, e.g. on the map. */
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
  /** Stopped or failed with partial results; the next run resumes it. */
  | 'begun'
  | 'done'
  /** Done, but with other inputs or settings than the current ones. */
  | 'outdated';

export interface LabProgress {
  readonly step: LabStepName;
  /** Description of the current work, in English. */
  readonly words: string;
  /** 0..1 of the step. */
  readonly fraction: number;
  /** Of the current step. */
  readonly remainingSeconds: number | undefined;
  /** New points of the loss curve; only while training. */
  readonly points?: readonly LossPoint[];
}

/**
 * After `step` steps: the `loss` of the last step's samples, or the `validLoss` of the validation set. Nats per token.
 */
export interface LossPoint {
  readonly step: number;
  readonly loss?: number;
  readonly validLoss?: number;
}

export interface LabStepView {
  readonly name: LabStepName;
  readonly status: LabStepStatus;
  /** Sum over all runs of the step. */
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
  /** Records left after each step; the first entry is the input. */
  readonly funnel: readonly { readonly step: string; readonly dropped: number; readonly left: number }[];
  readonly sources: readonly LabSource[];
  readonly redacted: number;
  /** The file of the map, see `DataMap`. */
  readonly map: string | undefined;
}

export interface LabTraining {
  readonly points: readonly LossPoint[];
  /** Planned steps; undefined while unknown. */
  readonly steps: number | undefined;
  readonly samples: number | undefined;
  readonly tokens: number | undefined;
  readonly firstValidLoss: number | undefined;
  readonly validLoss: number | undefined;
  readonly stoppedEarly: boolean;
}

/** The value before training starts. */
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
  /** Tasks per equal bin of `range`, for both models. The last bin includes larger values. */
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

/** Everything that the page shows of a project. */
export interface LabState {
  readonly folder: string;
  readonly project: LabProject;
  readonly steps: readonly LabStepView[];
  readonly collected: { readonly answers: number; readonly questions: number } | undefined;
  readonly curation: LabCuration | undefined;
  readonly training: LabTraining | undefined;
  readonly release: LabRelease | undefined;
  readonly comparison: LabComparison | undefined;
  /** The path of the project report, once it exists. */
  readonly report: string | undefined;
}

/** The client shows a project. Fails with `notFound` when the folder holds none. */
export const OpenLab = new RequestType<{ readonly folder: string }, LabState, ErrorData>('paddock/lab/open');

/** The user changed the project or creates a new one. Results of earlier steps are kept. */
export const SaveLab = new RequestType<{ readonly folder: string; readonly project: LabProject }, LabState, ErrorData>(
  'paddock/lab/save',
);

export interface RunLabParams {
  readonly folder: string;
  /** The last step to run; undefined = all. */
  readonly until?: LabStepName | undefined;
  readonly partialResultToken?: Token | undefined;
}
/** The user starts the steps that are not done. Cancelling loses nothing: the next run resumes. */
export const RunLab = new RequestType<RunLabParams, LabState, ErrorData>('paddock/lab/run');
/** A run sleeps while the models answer and complete, and goes on where it was. */
export interface LabWait {
  readonly waits: boolean;
}
export const LabRunProgress = new ProgressType<LabProgress | LabWait>();
