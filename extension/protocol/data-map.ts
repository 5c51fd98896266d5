import { list, number, object, optional, text, whole, type Check } from './check.ts';

/** The map of a data set, as `map.json` holds it and as it is drawn. */
export interface DataMap {
  /** Records that the map stands for; it may show a sample. */
  readonly records: number;
  readonly sources: readonly string[];
  /** What became of records: `train`, `valid`, or why they were dropped. */
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
  /** Of the answer, in nats per token, by the model that judged it. */
  readonly loss?: number;
  /** The beginnings. */
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

/** Of a file that anybody may have written. */
export const dataMap: Check<DataMap> = object<DataMap>({
  records: whole(),
  sources: list(text()),
  fates: list(text()),
  points: list(point),
});
