import { list, number, object, optional, text, whole, type Check } from './check.ts';

/** The map of a data set, as `map.json` holds it and as it is drawn. */
export interface DataMap {
  /** Records of the data set; the points may be a sample of them. */
  readonly records: number;
  readonly sources: readonly string[];
  /** Outcomes of records: `train`, `valid`, or the reason for dropping them. */
  readonly fates: readonly string[];
  readonly points: readonly DataPoint[];
}

export interface DataPoint {
  readonly id: string;
  /** 0..1 */
  readonly x: number;
  readonly y: number;
  /** Index into `sources`. */
  readonly source: number;
  /** Index into `fates`. */
  readonly fate: number;
  /** Records of its family of duplicates, itself included. */
  readonly family: number;
  /** Loss of the answer under the scoring model, in nats per token. */
  readonly loss?: number;
  /** The first characters of question and answer. */
  readonly question: string;
  readonly answer: string;
}

const point: Check<DataPoint> = object<DataPoint>({
  id: text(),
  x: number(0, 1),
  y: number(0, 1),
  source: whole(),
  fate: whole(),
  family: whole(),
  loss: optional(number()),
  question: text(),
  answer: text(),
});

/** The file is untrusted. */
export const dataMap: Check<DataMap> = object<DataMap>({
  records: whole(),
  sources: list(text()),
  fates: list(text()),
  points: list(point),
});
