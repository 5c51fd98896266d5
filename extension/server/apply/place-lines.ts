/** Places code by the lines that it shares with a text, where no grammar knows the language. Pure. */
import { isTelling } from '../../base/shared-lines.ts';
import type { Span } from '../syntax/nodes.ts';

/** Lines at either end of the code that may be new. */
const mostNewEnds = 2;
const smallestShare = 0.4;

/** The whole lines that the code is a new form of; undefined when it shares too few of them. */
export function placeByLines(text: string, code: string): Span | undefined {
  const lines = text.split('\n');
  const wanted = code
    .replace(/\n+$/u, '')
    .split('\n')
    .map((line) => line.trim());
  const places = uniquePlaces(lines.map((line) => line.trim()));
  const own = uniquePlaces(wanted);
  const anchors = wanted.flatMap((line, index) => {
    const place = isTelling(line) && own.get(line) !== undefined ? places.get(line) : undefined;
    return place === undefined ? [] : [{ index, place }];
  });
  const ordered = anchors.filter(({ place }, index) => index === 0 || place > (anchors[index - 1]?.place ?? 0));
  const [first, last] = [ordered[0], ordered.at(-1)];
  const telling = wanted.filter(isTelling).length;
  if (first === undefined || last === undefined || ordered.length < Math.max(2, smallestShare * telling)) {
    return undefined;
  }
  const newEnd = wanted.length - 1 - last.index;
  if (first.index > mostNewEnds || newEnd > mostNewEnds || first.place > last.place) return undefined;
  const [from, to] = [Math.max(0, first.place - first.index), Math.min(lines.length - 1, last.place + newEnd)];
  return { start: offsetOf(lines, from), end: offsetOf(lines, to) + (lines[to]?.replace(/\r$/u, '').length ?? 0) };
}

/** The numbers of the lines that occur once; undefined for the others. */
function uniquePlaces(lines: readonly string[]): Map<string, number | undefined> {
  const places = new Map<string, number | undefined>();
  lines.forEach((line, index) => places.set(line, places.has(line) ? undefined : index));
  return places;
}

function offsetOf(lines: readonly string[], line: number): number {
  let offset = 0;
  for (let index = 0; index < line; index++) offset += (lines[index]?.length ?? 0) + 1;
  return offset;
}
