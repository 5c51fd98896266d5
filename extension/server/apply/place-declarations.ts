/** Places the declarations of some code among those of a text, by name. Pure. */
import { fenceFor } from '../../base/fences.ts';
import { sharedLines } from '../../base/shared-lines.ts';
import { toReplacement } from '../prompt/edit-reply.ts';
import type { OutlineItem } from '../syntax/outline.ts';
import { fillKeepMarkers, hasKeepMarker } from './keep-markers.ts';
import { shapeIn } from './shape.ts';

/** A text with its declarations. */
export interface Outlined {
  readonly text: string;
  readonly items: readonly OutlineItem[];
}

export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface DeclarationEdits {
  /** In order, none overlapping another. */
  readonly edits: readonly TextEdit[];
  /** Statements of the code that declare nothing and are not in the text: examples of use, mostly. */
  readonly leftOut: number;
}

/** Undefined when no declaration of the code is in the text; `unclear` when it is not clear what a marker keeps. */
export function placeDeclarations(old: Outlined, code: Outlined): DeclarationEdits | 'unclear' | undefined {
  const placing = new Placing(old, code);
  placing.placeAll(old.items, code.items);
  if (placing.matched === 0) return undefined;
  if (placing.isUnclear) return 'unclear';
  return { edits: placing.edits.sort(byPlace), leftOut: placing.leftOut };
}

/** Declarations that the text has not, behind one that it has. */
export function insertBehind(old: Outlined, code: Outlined, anchor: OutlineItem): DeclarationEdits {
  const placing = new Placing(old, code);
  placing.insertAll(old.items, anchor);
  return { edits: placing.edits.sort(byPlace), leftOut: placing.leftOut };
}

function byPlace(a: TextEdit, b: TextEdit): number {
  return a.start - b.start || a.end - b.end;
}

class Placing {
  readonly #old: Outlined;
  readonly #code: Outlined;
  readonly edits: TextEdit[] = [];
  matched = 0;
  leftOut = 0;
  isUnclear = false;
  /** Old declarations that have their new form: of two with one name each is replaced once. */
  readonly #replaced = new Set<OutlineItem>();

  constructor(old: Outlined, code: Outlined) {
    this.#old = old;
    this.#code = code;
  }

  placeAll(oldItems: readonly OutlineItem[], newItems: readonly OutlineItem[]): void {
    /** The old declaration that the last one replaced, and new ones that wait for their place. */
    let last: OutlineItem | undefined;
    let waiting: OutlineItem[] = [];
    for (const item of newItems) {
      if (item.kind !== 'declaration') {
        this.#placeStatement(oldItems, item);
        continue;
      }
      const match = this.#find(oldItems, item);
      if (match === undefined) {
        waiting.push(item);
        continue;
      }
      this.matched += 1;
      // New ones that come first stand before the first one that is known, others behind the one before them.
      this.#insert(waiting, last ?? match, last === undefined);
      waiting = [];
      this.#replace(match, item);
      last = match;
    }
    const behind = last ?? (waiting.length > 0 ? this.#anchorFor(oldItems, waiting) : undefined);
    if (behind === undefined) return;
    this.matched += waiting.length;
    this.#insert(waiting, behind, false);
  }

  insertAll(oldItems: readonly OutlineItem[], anchor: OutlineItem): void {
    for (const item of this.#code.items) if (item.kind !== 'declaration') this.#placeStatement(oldItems, item);
    const added = this.#code.items.filter(({ kind }) => kind === 'declaration');
    this.#insert(added, anchor, false);
  }

  /**
   * The place of declarations that are all new: the end of their class, or after the others of their type in Go and
   * C++.
   */
  #anchorFor(oldItems: readonly OutlineItem[], items: readonly OutlineItem[]): OutlineItem | undefined {
    const declarations = oldItems.filter(({ kind }) => kind === 'declaration');
    if (oldItems !== this.#old.items) return declarations.at(-1);
    const type = /^(.+)(?:\.|::)[^.:]+$/u.exec(items[0]?.name ?? '')?.[1];
    if (type === undefined) return undefined;
    return declarations.findLast(
      ({ name }) => name === type || name.startsWith(`${type}.`) || name.startsWith(`${type}::`),
    );
  }

  /** The declaration of this name; among several the one that is most like the new one. */
  #find(oldItems: readonly OutlineItem[], { name, start, end, isContainer }: OutlineItem): OutlineItem | undefined {
    const named = (items: readonly OutlineItem[]): OutlineItem[] =>
      items
        .filter((item) => item.kind === 'declaration' && item.name === name && !this.#replaced.has(item))
        // A constructor has the name of its class and must not take its place.
        .filter((item) => isContainer || !item.isContainer);
    let found = named(oldItems);
    for (let level = oldItems; found.length === 0 && level.length > 0;) {
      level = level.flatMap(({ members }) => members);
      found = named(level);
    }
    const code = this.#code.text.slice(start, end);
    const likeness = (item: OutlineItem): number => sharedLines(this.#old.text.slice(item.start, item.end), code);
    return found.toSorted((a, b) => likeness(b) - likeness(a))[0];
  }

  #replace(old: OutlineItem, item: OutlineItem): void {
    this.#replaced.add(old);
    const code = this.#code.text.slice(item.start, item.end);
    const isPart = item.members.some(({ kind }) => kind === 'declaration') && this.#lacksMembers(old, item);
    if (isPart || (old.members.length > 0 && item.members.length > 0 && hasKeepMarker(code))) {
      this.#replaceHead(old, item);
      this.placeAll(old.members, item.members);
      return;
    }
    const [span, newSpan] = spansOf(old, item);
    this.#edit(span.start, span.end, this.#lines(newSpan.start, newSpan.end));
  }

  #replaceHead(old: OutlineItem, item: OutlineItem): void {
    const head = this.#old.text.slice(old.inner.start, old.bodyStart ?? old.inner.start).trimEnd();
    const newHead = this.#code.text.slice(item.inner.start, item.bodyStart ?? item.inner.start).trimEnd();
    if (withoutSpace(head) === withoutSpace(newHead) || hasKeepMarker(newHead)) return;
    this.edits.push({ start: old.inner.start, end: old.inner.start + head.length, text: newHead });
  }

  /** A class of which only some members are shown keeps the others. */
  #lacksMembers({ members }: OutlineItem, item: OutlineItem): boolean {
    const names = new Set(item.members.map(({ name }) => name));
    return members.some(({ kind, name }) => kind === 'declaration' && !names.has(name));
  }

  #placeStatement(oldItems: readonly OutlineItem[], { kind, start, end }: OutlineItem): void {
    const { text } = this.#old;
    const statement = withoutSpace(this.#code.text.slice(start, end));
    if (oldItems.some((item) => withoutSpace(text.slice(item.start, item.end)) === statement)) return;
    const edit =
      kind === 'import' ? this.#importEdit(oldItems, this.#code.text.slice(start, end).trimEnd()) : undefined;
    if (edit === undefined) this.leftOut += 1;
    else this.edits.push(edit);
  }

  /** Behind the last import, else before the first declaration. */
  #importEdit(oldItems: readonly OutlineItem[], code: string): TextEdit | undefined {
    const last = oldItems.findLast((item) => item.kind === 'import');
    if (last !== undefined) return { start: last.end, end: last.end, text: this.#eol() + code };
    const first = oldItems.find((item) => item.kind === 'declaration')?.docStart;
    const hasPlace = first !== undefined && !this.#old.text.startsWith('#!', first);
    return hasPlace ? { start: first, end: first, text: code + this.#eol() + this.#eol() } : undefined;
  }

  #insert(items: readonly OutlineItem[], anchor: OutlineItem, isBefore: boolean): void {
    if (items.length === 0) return;
    const { text } = this.#old;
    const prefix = /[^\n]*$/u.exec(text.slice(Math.max(0, anchor.docStart - 500), anchor.docStart))?.[0] ?? '';
    const indent = prefix.trim() === '' ? prefix : '';
    const separator = this.#eol() + this.#eol() + indent;
    const shape = {
      ...shapeIn(text, anchor, this.#code.text),
      linesBefore: [],
      linesAfter: [],
      leading: '',
      trailing: '',
    };
    const added = items.map((item) => {
      const code = this.#lines(item.docStart, item.end);
      return toReplacement(code, fenceFor([code]), shape);
    });
    const at = isBefore ? anchor.docStart : anchor.end;
    const inserted = isBefore ? added.map((code) => code + separator) : added.map((code) => separator + code);
    this.edits.push({ start: at, end: at, text: inserted.join('') });
  }

  #edit(start: number, end: number, code: string): void {
    const { text } = this.#old;
    const shape = shapeIn(text, { start, end }, code);
    const filled = hasKeepMarker(code) ? fillKeepMarkers(shape.core, withoutIndent(code)) : code;
    if (filled === undefined) this.isUnclear = true;
    else this.edits.push({ start, end, text: toReplacement(filled, fenceFor([filled]), shape) });
  }

  /** With the indentation of the first line, if nothing else stands before it. */
  #lines(start: number, end: number): string {
    const { text } = this.#code;
    const line = text.lastIndexOf('\n', start - 1) + 1;
    return text.slice(text.slice(line, start).trim() === '' ? line : start, end);
  }

  #eol(): string {
    return this.#old.text.includes('\r\n') ? '\r\n' : '\n';
  }
}

type Range = { readonly start: number; readonly end: number };

/** The replaced part of the old declaration: with its comment and its `export` only if the new one has them. */
function spansOf(old: OutlineItem, item: OutlineItem): [Range, Range] {
  const isWrapped = item.inner.start !== item.start;
  if (old.inner.start !== old.start && !isWrapped) return [old.inner, item.inner];
  const hasDoc = item.docStart !== item.start;
  return hasDoc
    ? [
        { start: old.docStart, end: old.end },
        { start: item.docStart, end: item.end },
      ]
    : [
        { start: old.start, end: old.end },
        { start: item.start, end: item.end },
      ];
}

function withoutIndent(code: string): string {
  const indents = code
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.length - line.trimStart().length);
  const common = Math.min(...indents);
  return code
    .split('\n')
    .map((line) => line.slice(Math.min(common, line.length - line.trimStart().length)))
    .join('\n');
}

function withoutSpace(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').replace(/;$/u, '').trim();
}
