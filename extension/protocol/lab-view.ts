/** Messages between the lab's page (webview) and the extension host (client): snapshot and deltas as in view.ts. */
import { NotificationType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { DataMap } from './data-map.ts';
import {
  labSteps,
  noTraining,
  trainPresetNames,
  type LabProgress,
  type LabState,
  type LabStepName,
  type LossPoint,
  type TrainPresetName,
} from './lab.ts';
import type { ErrorCode } from './model.ts';
import {
  anything,
  exactly,
  flag,
  list as listOf,
  object,
  oneOf,
  optional,
  variant,
  whole,
  type Check,
} from './check.ts';
import { pageText, type RequestChecks, type ViewDelta, type ViewSnapshot } from './view.ts';

// ---- state --------------------------------------------------------------------------------------------------

export interface LabRunView {
  /** The last step that is made; undefined = all. */
  readonly until: LabStepName | undefined;
  /** The user has asked for its end. */
  readonly stopping: boolean;
  /** It waits while the chat or an edit needs the cores. */
  readonly paused: boolean;
  readonly progress: LabProgress | undefined;
}

export interface LabErrorView {
  readonly code: ErrorCode;
  readonly message: string;
  /** What was being done. */
  readonly step: LabStepName | undefined;
}

/** A model on this computer that can be trained or asked. */
export interface LabModel {
  readonly id: string;
  readonly title: string;
  readonly fileBytes: number;
}

export interface LabViewState {
  /** False in Restricted Mode, where the lab does nothing. */
  readonly trusted: boolean;
  readonly folder: string | undefined;
  /** Undefined until it was read; with an error when it could not be. */
  readonly lab: LabState | undefined;
  readonly run: LabRunView | undefined;
  readonly error: LabErrorView | undefined;
  /** Undefined until the engine has told. */
  readonly models: readonly LabModel[] | undefined;
  /** The finished model answers in the chat. */
  readonly inUse: boolean;
}

export type LabSnapshot = ViewSnapshot<LabViewState>;

export type LabChange =
  | { readonly kind: 'lab'; readonly lab: LabState }
  | { readonly kind: 'run'; readonly run: LabRunView | undefined }
  | { readonly kind: 'progress'; readonly progress: LabProgress }
  | { readonly kind: 'error'; readonly error: LabErrorView | undefined }
  | { readonly kind: 'models'; readonly models: readonly LabModel[] | undefined; readonly inUse: boolean }
  /** Another project is shown. */
  | { readonly kind: 'reset'; readonly state: LabViewState };

export type LabDelta = ViewDelta<LabChange>;

/**
 * One more point of the curve. Both ends add it in this way, so that a snapshot and the deltas agree. A run that goes
 * on
 * repeats the steps since its last checkpoint, and one that begins anew replaces all.
 */
export function withPoint(lab: LabState, point: LossPoint): LabState {
  const known = lab.training?.points ?? [];
  const last = known.at(-1);
  const points = last === undefined || last.step < point.step ? known : known.filter((other) => isBefore(other, point));
  const training = points.length === 0 || lab.training === undefined ? noTraining : lab.training;
  return { ...lab, training: { ...training, points: [...points, point] } };
}

/** A look at the validation set and the loss of the step before it have the same number. */
function isBefore(other: LossPoint, point: LossPoint): boolean {
  return (
    other.step < point.step || (other.step === point.step && (other.loss === undefined) !== (point.loss === undefined))
  );
}

// ---- page -> host -------------------------------------------------------------------------------------------

/** The page connects, or has lost a delta. */
export const GetLab = new RequestType0<LabSnapshot, void>('lab/snapshot');

export const labLists = ['records', 'questions', 'code', 'tasks'] as const;
/** What of a project names files or folders. */
export type LabList = (typeof labLists)[number];

export type LabEdit =
  | { readonly field: 'title' | 'base' | 'teacher' | 'quantization'; readonly text: string }
  /** The most questions of each file and folder. */
  | { readonly field: 'limit'; readonly number: number }
  | { readonly field: 'preset'; readonly text: TrainPresetName }
  | { readonly field: 'dropRecommended'; readonly on: boolean }
  | { readonly field: 'dropSource'; readonly text: string; readonly on: boolean }
  /** All records that were chosen to go, by their ids. */
  | { readonly field: 'dropIds'; readonly ids: readonly string[] }
  | { readonly field: 'remove'; readonly list: LabList; readonly text: string };
/** The user changes what the project is to do; it is saved at once. */
export const EditLab = new RequestType<LabEdit, null, void>('lab/edit');

/** The user adds files or folders: the host asks which. */
export const AddToLab = new RequestType<{ readonly list: LabList }, null, void>('lab/add');

/** The user starts or continues the steps that are not done. */
export const StartLab = new RequestType<{ readonly until?: LabStepName | undefined }, null, void>('lab/start');
/** The user stops them; what is done stays. */
export const StopLab = new RequestType0<null, void>('lab/stop');
/** The user opens the map of the data. Null: it cannot be read. */
export const GetDataMap = new RequestType0<DataMap | null, void>('lab/map');
/** The user wants the finished model to answer in the chat. */
export const UseLabModel = new RequestType0<null, void>('lab/use');

export const labActions = [
  'openReport',
  'revealModel',
  'revealFolder',
  'chooseModel',
  'chooseBaseFile',
  'openProject',
  'makeProject',
  'reload',
  'showLog',
  'manageTrust',
] as const;
export type LabAction = (typeof labActions)[number];
/** The user presses one of the page's other buttons. */
export const RunLabAction = new RequestType<{ readonly action: LabAction }, null, void>('lab/action');

// ---- host -> page -------------------------------------------------------------------------------------------

/** The host tells what has changed. */
export const LabChanged = new NotificationType<LabDelta>('lab/delta');

// ---- checks -------------------------------------------------------------------------------------------------

/** More records than a map shows. */
const mostIds = 100_000;

const labEdit: Check<LabEdit> = variant<LabEdit>('field', {
  title: object({ field: exactly('title'), text: pageText }),
  base: object({ field: exactly('base'), text: pageText }),
  teacher: object({ field: exactly('teacher'), text: pageText }),
  quantization: object({ field: exactly('quantization'), text: pageText }),
  limit: object({ field: exactly('limit'), number: whole() }),
  preset: object({ field: exactly('preset'), text: oneOf(trainPresetNames) }),
  dropRecommended: object({ field: exactly('dropRecommended'), on: flag }),
  dropSource: object({ field: exactly('dropSource'), text: pageText, on: flag }),
  dropIds: object({ field: exactly('dropIds'), ids: listOf(pageText, { most: mostIds }) }),
  remove: object({ field: exactly('remove'), list: oneOf(labLists), text: pageText }),
});

/** Of what the page may ask. */
export const labRequests: RequestChecks = new Map<string, Check<unknown>>([
  [GetLab.method, anything],
  [EditLab.method, labEdit],
  [AddToLab.method, object({ list: oneOf(labLists) })],
  [StartLab.method, object({ until: optional(oneOf(labSteps)) })],
  [StopLab.method, anything],
  [GetDataMap.method, anything],
  [UseLabModel.method, anything],
  [RunLabAction.method, object({ action: oneOf(labActions) })],
]);
