/**
 * A map of the data: records with the same words lie close together, so that a source made from templates shows as
 * dense
 * balls, as P3 did on the map that GPT4All was curated with. Texts become signed hashed word counts weighted by rarity
 * (feature hashing, Weinberger et al. 2009), and those are laid out by UMAP (McInnes et al. 2018).
 */
import { mix, randomNumbers, wordHashes } from './words.ts';

/** What is laid out: question and answer count by their words, and both by how they are written. */
export interface MapText {
  readonly prompt: string;
  readonly answer: string;
}

/** The same texts in the same order give the same numbers. */
export function textVectors(texts: readonly MapText[]): Float32Array[] {
  const words = texts.map(({ prompt, answer }) => new Set(wordHashes(`${prompt}\n${answer}`)));
  const documents = new Map<number, number>();
  for (const set of words) {
    for (const word of set) documents.set(word, (documents.get(word) ?? 0) + 1);
  }
  return words.map((set, index) => {
    const vector = new Float32Array(dimensions);
    for (const word of set) {
      const hash = mix(word ^ 0x5bd1e995);
      const weight = Math.log((1 + texts.length) / (1 + (documents.get(word) ?? 0))) + 0.1;
      const at = hash % wordDimensions;
      vector[at] = (vector[at] ?? 0) + ((hash >>> 16) & 1 ? weight : -weight);
    }
    const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1;
    const { prompt, answer } = texts[index] as MapText;
    const style = [...styleOf(prompt), ...styleOf(answer)];
    return vector.map((value, at) =>
      at < wordDimensions ? value / norm : styleWeight * (style[at - wordDimensions] ?? 0),
    );
  });
}

/** Length on a logarithmic scale, and shares of marks, digits, capitals and lines: each about 0 to 1. */
function styleOf(text: string): number[] {
  const share = (pattern: RegExp, most: number): number =>
    Math.min(1, (text.match(pattern)?.length ?? 0) / Math.max(1, text.length) / most);
  return [
    Math.min(1, Math.log2(1 + text.length) / 12),
    share(/[^\p{L}\p{N}\s]/gu, 0.2),
    share(/\p{N}/gu, 0.2),
    share(/\p{Lu}/gu, 0.2),
    share(/\n/gu, 0.05),
  ];
}

/** Places from 0 to 1 in both directions. Throws `cancelled`. */
export async function layOut(
  vectors: readonly Float32Array[],
  seed: number,
  /** May take a break and throw `cancelled`. */
  onProgress: (fraction: number) => Promise<void>,
): Promise<(readonly [x: number, y: number])[]> {
  // Fewer points have no neighbourhoods to keep.
  if (vectors.length < 4) {
    return vectors.map((_, index) => [(index + 0.5) / vectors.length, 0.5]);
  }
  const { UMAP } = await import('./umap.ts');
  const umap = new UMAP({
    nNeighbors: Math.min(15, vectors.length - 1),
    minDist: 0.1,
    random: randomNumbers(seed),
    distanceFn: distance as unknown as (x: number[], y: number[]) => number,
  });
  await onProgress(0);
  // The library asks for arrays and only indexes them.
  const epochs = umap.initializeFit(vectors as unknown as number[][]);
  for (let epoch = 0; epoch < epochs; epoch++) {
    umap.step();
    if (epoch % 5 === 0) {
      await onProgress(epoch / epochs);
    }
  }
  return fit(umap.getEmbedding());
}

/** So that dots on the edge are whole. */
const margin = 0.015;
/** Below 1 it gives the middle more room, where most points are. */
const gathering = 0.7;
const wordDimensions = 256;
const dimensions = wordDimensions + 10;
/** Then a short answer and a long one are as far apart as two texts without a word in common. */
const styleWeight = 1.5;

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < dimensions; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}

/** Into the unit square. A few far islands may not press all others together: the outermost stand on the edge. */
function fit(points: readonly (readonly number[])[]): (readonly [number, number])[] {
  const scale = [0, 1].map((axis) => {
    const sorted = points.map((point) => point[axis] ?? 0).sort((a, b) => a - b);
    const rest = Math.floor(points.length / 100);
    const [least, most] = [sorted[rest] ?? 0, sorted[points.length - 1 - rest] ?? 1];
    const [middle, half] = [(least + most) / 2, (most - least) / 2 || 1];
    return (value: number): number => {
      const away = Math.max(-1, Math.min(1, (value - middle) / half));
      return 0.5 + (0.5 - margin) * Math.sign(away) * Math.abs(away) ** gathering;
    };
  });
  return points.map(([x = 0, y = 0]) => [round(scale[0]?.(x) ?? 0), round(scale[1]?.(y) ?? 0)]);
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
