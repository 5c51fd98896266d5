/** Cuts a file into the places that a search finds: a function, the head of a class, a section, or some lines. */
import type { OutlineItem } from '../syntax/outline.ts';
import { headingsOf } from './headings.ts';
import { mostChunks } from './record.ts';

export interface Chunk {
  /** From 1, both included. */
  readonly startLine: number;
  readonly endLine: number;
  /** `Class.method`, or the heading of a section; absent for lines that declare several things or none. */
  readonly symbol?: string;
  /** `head` is a class without the members that have chunks of their own. */
  readonly kind: 'declaration' | 'head' | 'section' | 'lines';
  /** The names of all declarations in these lines. */
  readonly names: readonly string[];
}

/** A chunk before it is cut. */
interface Piece extends Omit<Chunk, 'names'> {
  /** In the order of their lines. */
  readonly declared: readonly Declared[];
}

interface Declared {
  readonly name: string;
  readonly line: number;
}

/** In lines. Longer pieces are split, and neighbouring parts overlap. */
const longest = 60;
const cutLength = 50;
const shared = 10;
/** Declarations this short are merged with their neighbours. */
const shortDeclaration = 2;
const longestName = 200;

/** `items` is the outline of the file, if a grammar knows its language. */
export function chunksOf(path: string, text: string, items: readonly OutlineItem[] | undefined): readonly Chunk[] {
  const lines = text.split('\n');
  const last = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  const pieces =
    items === undefined ? sections(path, lines, last) : declarations(items, new LineFinder(text), 1, last, []);
  return pieces.flatMap(cut).slice(0, mostChunks);
}

function cut({ declared, ...piece }: Piece): readonly Chunk[] {
  const lineCount = piece.endLine - piece.startLine + 1;
  if (lineCount <= longest) return [{ ...piece, names: declared.map(({ name }) => name) }];
  const step = cutLength - shared;
  const found = Array.from({ length: Math.ceil((lineCount - shared) / step) }, (_, index) => {
    const startLine = piece.startLine + index * step;
    return {
      ...piece,
      startLine,
      endLine: Math.min(piece.endLine, startLine + cutLength - 1),
      names: new Array<string>(),
    };
  });
  for (const { name, line } of declared) {
    // A line is in one part, or in two where they overlap.
    const last = Math.min(found.length - 1, Math.floor((line - piece.startLine) / step));
    for (const part of found.slice(Math.max(0, last - 1), last + 1)) {
      if (part.startLine <= line && line <= part.endLine) part.names.push(name);
    }
  }
  return found;
}

/** Chunks for the lines `from` to `to`, which hold `items`. */
function declarations(
  items: readonly OutlineItem[],
  lineAt: LineFinder,
  from: number,
  to: number,
  outer: readonly string[],
): Piece[] {
  const found: Piece[] = [];
  /** The first line without a chunk. */
  let open = from;
  let declared: Declared[] = [];
  const close = (endLine: number): void => {
    if (endLine >= open) {
      const symbol = outer.length === 0 ? {} : { symbol: outer.join('.') };
      found.push({ startLine: open, endLine, kind: outer.length === 0 ? 'lines' : 'head', declared, ...symbol });
    }
    declared = [];
  };
  for (const item of items) {
    const startLine = Math.max(open, lineAt.line(item.docStart));
    const endLine = Math.min(to, lineAt.line(Math.max(item.start, item.end - 1)));
    const name = simpleName(item.name);
    if (endLine < open || name === '') continue;
    const isShort = lineAt.line(item.start) + shortDeclaration > endLine;
    if (isShort && !item.isContainer) {
      declared.push({ name, line: lineAt.line(item.start) });
      continue;
    }
    close(startLine - 1);
    const path = [...outer, name];
    found.push(
      ...(item.members.length > 0 && endLine - startLine >= shortDeclaration
        ? declarations(item.members, lineAt, startLine, endLine, path)
        : [
            {
              startLine,
              endLine,
              symbol: path.join('.'),
              kind: 'declaration',
              declared: [{ name, line: startLine }],
            } as const,
          ]),
    );
    open = endLine + 1;
  }
  close(to);
  return found;
}

/** The outline's name of a C or C++ function may be its whole declarator: `* find(int a)` becomes `find`. */
function simpleName(name: string): string {
  return name
    .slice(0, longestName)
    .replace(/^[\s*&]+/u, '')
    .replace(/\(.*$/su, '')
    .trim();
}

/** The sections of a document, else the file as it is. */
function sections(path: string, lines: readonly string[], last: number): Piece[] {
  const headings = headingsOf(path, lines);
  const first = headings[0]?.line ?? last + 1;
  const found: Piece[] = first > 1 ? [{ startLine: 1, endLine: first - 1, kind: 'lines', declared: [] }] : [];
  for (const [index, { line, title }] of headings.entries()) {
    const endLine = (headings[index + 1]?.line ?? last + 1) - 1;
    found.push({ startLine: line, endLine, symbol: title, kind: 'section', declared: [{ name: title, line }] });
  }
  return found;
}

/** Converts offsets to line numbers, from 1. */
class LineFinder {
  readonly #starts = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  line(offset: number): number {
    let [low, high] = [0, this.#starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}
