import type { ScoreRecord } from './model-score.ts';
import type { Group } from './reasons.ts';

export interface CurateOptions {
  /** Files in any of the known formats. */
  readonly inputs: readonly string[];
  /** Output folder; created if missing. */
  readonly folder: string;
  /** Files whose texts must not be trained on. */
  readonly evaluation: readonly string[];
  /** Groups that are counted but not dropped; secrets and personal data are then not redacted either. */
  readonly keep: ReadonlySet<Group>;
  readonly dropSources: readonly string[];
  /** Drops the sources that the report recommends to drop. */
  readonly dropRecommended: boolean;
  /** Drops records with secrets or personal data; otherwise they are redacted. */
  readonly dropSecrets: boolean;
  readonly dropPersonal: boolean;
  readonly seed: number;
  /** Share of the validation set. */
  readonly validShare: number;
  readonly length: LengthRule;
  /** Ids of records that the user chose to drop. */
  readonly dropIds: ReadonlySet<string>;
  /** The most points of the map; 0 = no map is drawn. */
  readonly mapPoints: number;
  /** A model scores at most this many of the kept records. */
  readonly score: { readonly most: number; readonly measure: ScoreRecord } | undefined;
}

export interface LengthRule {
  readonly unit: 'tokens' | 'characters';
  /** Bounds of prompt and answer together. */
  readonly least: number;
  readonly most: number;
  readonly measure: (text: string) => number;
}

export const defaultSeed = 42;
export const defaultValidShare = 0.05;

/** Without a tokenizer, one token counts as four characters. */
export const characterLength: LengthRule = {
  unit: 'characters',
  least: 2,
  most: 8192,
  measure: (text) => text.length,
};

export const defaultMostTokens = 2048;

/** A map with more points takes minutes and shows no more. */
export const defaultMapPoints = 4000;

/** Parts of a run, in order. Scoring needs a model; mapping is optional. */
export const curateParts = ['reading', 'comparing', 'scoring', 'mapping', 'writing'] as const;

export interface CurateProgress {
  readonly step: (typeof curateParts)[number];
  /** 0..1 within the step. */
  readonly fraction: number;
  readonly records: number;
  /** Of this step; undefined until there is an estimate. */
  readonly remainingSeconds: number | undefined;
}

export interface CurateHooks {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: CurateProgress) => void;
}
