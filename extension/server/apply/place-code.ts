/** Answers PlaceCode: where a block of the chat belongs in a document, and what stands there then. */
import { fenceFor } from '../../base/fences.ts';
import { sharedLines } from '../../base/shared-lines.ts';
import type { PlaceCodeParams, PlaceCodeResult } from '../../protocol/server.ts';
import { toLf } from '../prompt/code-block.ts';
import { toReplacement } from '../prompt/edit-reply.ts';
import type { Span } from '../syntax/nodes.ts';
import type { OutlineItem } from '../syntax/outline.ts';
import type { Syntax } from '../syntax/syntax.ts';
import { fillKeepMarkers, hasKeepMarker } from './keep-markers.ts';
import { insertBehind, placeDeclarations, type DeclarationEdits, type Outlined } from './place-declarations.ts';
import { placeByLines } from './place-lines.ts';
import { shapeIn } from './shape.ts';

/** A longer text is not searched: Apply then inserts at the cursor. */
const longestText = 300_000;
const nowhere: PlaceCodeResult = { kind: 'nowhere' };

/** The whole text, its declarations of the same names, or the lines that the code shares with it. */
export async function placeCode(syntax: Syntax, params: PlaceCodeParams): Promise<PlaceCodeResult> {
  const { text, languageId } = params;
  const code = toLf(params.code)
    .replace(/^(?:[^\S\n]*\n)+/u, '')
    .trimEnd();
  if (code === '' || text.length > longestText || code.length > longestText) return nowhere;
  if (text.trim() === '') return hasKeepMarker(code) ? { kind: 'unclear' } : whole(text, code);
  const old = (await syntax.outline(languageId, text))?.items ?? [];
  const { items, isMember } = await outlineOfPart(syntax, languageId, code, old.length > 0);
  if (isWhole({ text, items: old }, { text: code, items })) return whole(text, code);
  const placed = items.length === 0 ? undefined : placeDeclarations({ text, items: old }, { text: code, items });
  if (placed === 'unclear') return { kind: 'unclear' };
  if (placed !== undefined) return joined(text, placed);
  const byLines = placeLines(text, code);
  if (byLines.kind !== 'nowhere' || params.cursor === undefined) return byLines;
  return besideCursor({ text, items: old }, { text: code, items }, params.cursor, isMember);
}

/** New declarations go behind the one around the cursor and never into it; a method goes behind a method. */
function besideCursor(old: Outlined, code: Outlined, cursor: number, isMember: boolean): PlaceCodeResult {
  const around = (items: readonly OutlineItem[]): OutlineItem | undefined =>
    items.find(({ docStart, end }) => docStart < cursor && cursor < end);
  const outer = around(old.items);
  const isAllNew = code.items.length > 0 && code.items.every(({ kind }) => kind !== 'other');
  if (outer === undefined || !isAllNew) return nowhere;
  const anchor = isMember ? (around(outer.members) ?? outer.members.at(-1)) : outer;
  return anchor === undefined ? nowhere : joined(old.text, insertBehind(old, code, anchor));
}

/**
 * All declarations, members included, and most of what else the text has. A text of declarations alone is never taken
 * as
 * a whole: they are placed one by one, and its comments stay.
 */
function isWhole(old: Outlined, code: Outlined): boolean {
  const others = old.items.filter(({ kind }) => kind !== 'declaration');
  if (others.length === 0 || hasKeepMarker(code.text) || !covers(code.items, old.items)) return false;
  return sharedLines(code.text, others.map(({ start, end }) => old.text.slice(start, end)).join('\n')) >= 0.5;
}

function covers(items: readonly OutlineItem[], wanted: readonly OutlineItem[]): boolean {
  return wanted.every(({ kind, name, members }) => {
    const own = items.find((item) => item.kind === 'declaration' && item.name === name);
    return kind !== 'declaration' || (own !== undefined && covers(own.members, members));
  });
}

function placeLines(text: string, code: string): PlaceCodeResult {
  if (hasKeepMarker(code)) {
    const filled = fillKeepMarkers(toLf(text), code);
    return filled === undefined ? { kind: 'unclear' } : whole(text, filled);
  }
  const span = placeByLines(text, code);
  return span === undefined ? nowhere : replaced(text, span, code);
}

function whole(text: string, code: string): PlaceCodeResult {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const end = text === '' || text.endsWith('\n') ? eol : '';
  const replacement = code.trimEnd().replaceAll('\n', eol) + end;
  return { kind: 'replace', start: 0, end: text.length, replacement, leftOut: 0 };
}

function replaced(text: string, { start, end }: Span, code: string): PlaceCodeResult {
  const shape = shapeIn(text, { start, end }, code);
  return { kind: 'replace', start, end, replacement: toReplacement(code, fenceFor([code]), shape), leftOut: 0 };
}

/** One replacement from the first to the last edit. */
function joined(text: string, { edits, leftOut }: DeclarationEdits): PlaceCodeResult {
  const [start, end] = [edits[0]?.start ?? 0, Math.max(0, ...edits.map((edit) => edit.end))];
  let replacement = '';
  let at = start;
  for (const edit of edits) {
    // Two declarations of the code that have the same name are one place too few.
    if (edit.start < at) return { kind: 'unclear' };
    replacement += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return { kind: 'replace', start, end, replacement, leftOut };
}

/** A method alone is no program; within a class it can be read. PHP needs its tag. */
const frames: Readonly<Record<string, readonly (readonly [before: string, after: string])[]>> = {
  typescript: [['class A {\n', '\n}']],
  typescriptreact: [['class A {\n', '\n}']],
  javascript: [['class A {\n', '\n}']],
  javascriptreact: [['class A {\n', '\n}']],
  java: [['class A {\n', '\n}']],
  csharp: [['class A {\n', '\n}']],
  php: [
    ['<?php\n', ''],
    ['<?php\nclass A {\n', '\n}'],
  ],
};

interface Part {
  readonly items: readonly OutlineItem[];
  /** They are members of a class that the code does not show. */
  readonly isMember: boolean;
}

/** The declarations of code that may be a part of a class; none where the document has none. */
async function outlineOfPart(syntax: Syntax, languageId: string, code: string, isWanted: boolean): Promise<Part> {
  const plain = isWanted ? await syntax.outline(languageId, code) : undefined;
  const items = plain?.items ?? [];
  if (plain === undefined || (plain.faults.length === 0 && items.some(({ kind }) => kind === 'declaration'))) {
    return { items, isMember: languageId === 'python' && /^def \w+\(\s*(?:self|cls)\b/u.test(code) };
  }
  for (const [before, after] of Object.hasOwn(frames, languageId) ? (frames[languageId] ?? []) : []) {
    const framed = await syntax.outline(languageId, before + code + after);
    const isMember = before.endsWith('{\n');
    const inside = isMember ? framed?.items.at(-1)?.members : framed?.items.slice(1);
    if (framed?.faults.length === 0 && inside?.some(({ kind }) => kind === 'declaration') === true) {
      return { items: inside.map((item) => shifted(item, -before.length)), isMember };
    }
  }
  return { items, isMember: false };
}

function shifted(item: OutlineItem, by: number): OutlineItem {
  return {
    ...item,
    start: item.start + by,
    end: item.end + by,
    docStart: item.docStart + by,
    inner: { start: item.inner.start + by, end: item.inner.end + by },
    ...(item.bodyStart === undefined ? {} : { bodyStart: item.bodyStart + by }),
    members: item.members.map((member) => shifted(member, by)),
  };
}
