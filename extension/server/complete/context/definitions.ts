/** What a file declares, and the lines that tell what a declaration is good for. */
import { languageOf } from '../../syntax/grammars.ts';
import type { OutlineItem } from '../../syntax/outline.ts';
import type { Outline } from '../../syntax/parsers.ts';
import type { Syntax } from '../../syntax/syntax.ts';
import type { LineRange } from './excerpt.ts';
import type { SourceFile } from './workspace-files.ts';

export interface Definition extends LineRange {
  readonly name: string;
  /** Where its comment begins. */
  readonly docLine: number;
  /** The last line of its signature; of a class the line that opens it. */
  readonly signatureEnd: number;
  /** Of a class and the like. */
  readonly members: readonly Definition[];
  /** Whether it stands in no class; namespaces do not count. */
  readonly isOuter: boolean;
}

/** In lines. A definition that is no longer is shown whole. */
const shortDefinition = 24;
const shortMember = 8;
const longestDoc = 8;
const longestSignature = 8;
const mostMembers = 40;
const mostDefinitions = 2000;

/** The declarations of a file with those inside classes, in its order. */
export async function definitionsOf(syntax: Syntax, file: SourceFile): Promise<readonly Definition[]> {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const found = syntax.outline(languageOf(file.path), file.text).then((outline) => {
    // The parser may have been too slow only this time.
    if (outline === undefined) parsed.delete(file);
    return outline === undefined ? byLines(file.lines) : fromOutline(outline, file);
  });
  parsed.set(file, found);
  return found;
}

/** A file that has changed is another object. */
const parsed = new WeakMap<SourceFile, Promise<readonly Definition[]>>();

/** The lines to show. Members with one of the `wanted` names are shown whole if they are short. */
export function linesOf(definition: Definition, wanted: ReadonlySet<string>): LineRange[] {
  const { endLine, signatureEnd, members } = definition;
  const startLine = Math.max(definition.docLine, definition.startLine - longestDoc);
  if (endLine - startLine < shortDefinition) return [{ startLine, endLine }];
  const head = { startLine, endLine: Math.min(signatureEnd, definition.startLine + longestSignature) };
  if (members.length === 0) return [head];
  return [head, ...members.slice(0, mostMembers).map((member) => memberLines(member, wanted))];
}

function memberLines(member: Definition, wanted: ReadonlySet<string>): LineRange {
  const { startLine, endLine, signatureEnd, docLine } = member;
  if (!wanted.has(member.name)) {
    return { startLine, endLine: Math.min(endLine, signatureEnd, startLine + longestSignature) };
  }
  const first = Math.max(docLine, startLine - longestDoc);
  return { startLine: first, endLine: endLine - startLine < shortMember ? endLine : Math.min(endLine, signatureEnd) };
}

/** All of them and their members. */
export function* withMembers(definitions: readonly Definition[]): Generator<Definition> {
  for (const definition of definitions) {
    yield definition;
    yield* withMembers(definition.members);
  }
}

function fromOutline(outline: Outline, file: SourceFile): readonly Definition[] {
  const lineAt = lineFinder(file.text);
  /** The last line of the signature that begins on a line; lines from 1. */
  const signatures = new Map(outline.declarations.map(({ firstLine, lastLine }) => [firstLine + 1, lastLine + 1]));
  let left = mostDefinitions;
  const read = (items: readonly OutlineItem[], isOuter: boolean): Definition[] =>
    items.flatMap((item) => {
      if ((item.kind !== 'declaration' && item.kind !== 'forward') || left-- <= 0) return [];
      if (isNamespace(item, file.text)) return read(item.members, isOuter);
      const startLine = lineAt(item.start);
      const endLine = lineAt(Math.max(item.start, item.end - 1));
      const declared = lineAt(item.inner.start);
      const body = item.bodyStart === undefined ? undefined : lineAt(item.bodyStart);
      // Python's body begins on the line below.
      const opening = body === undefined || file.text[item.bodyStart ?? 0] === '{' ? body : body - 1;
      return {
        name: simpleName(item.name),
        docLine: lineAt(item.docStart),
        startLine,
        endLine,
        signatureEnd: opening ?? signatureEnd(signatures, startLine, declared, endLine),
        members: read(item.members, false),
        isOuter,
      };
    });
  return read(outline.items, true);
}

function signatureEnd(
  signatures: ReadonlyMap<number, number>,
  startLine: number,
  declared: number,
  endLine: number,
): number {
  // A decorator stands above what it decorates.
  for (const line of [declared, startLine, declared + 1]) {
    const end = signatures.get(line);
    if (end !== undefined && end <= endLine) return end;
  }
  return Math.min(endLine, Math.max(startLine, declared) + 2);
}

function isNamespace({ inner, isContainer }: OutlineItem, text: string): boolean {
  return isContainer && /^(?:\w+\s){0,3}(?:namespace|module|mod)\b/u.test(text.slice(inner.start, inner.start + 80));
}

/** Methods of Go and C++ and blocks of Rust are named after their type as well. Private names keep their `#`. */
function simpleName(name: string): string {
  return /(#?[\p{L}_$][\p{L}\p{N}_$]*)\W*$/u.exec(name)?.[1] ?? name;
}

/** Gives the line of an offset, from 1. */
function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

const declaring =
  /^(?<indent>\s{0,40})(?:(?:export|default|declare|public|private|protected|internal|pub|static|final|abstract|async|override|const|unsafe|inline|virtual)\s{1,9}){0,6}(?:class|def|function|func|fn|struct|interface|enum|type|trait|record|const|let|var)\s{1,9}(?<name>[\p{L}_$][\p{L}\p{N}_$]{0,80})/u;

/** Without a parser: a line that declares a name, the comment above it, and what is indented below it. */
function byLines(lines: readonly string[]): readonly Definition[] {
  const found: Definition[] = [];
  for (const [index, line] of lines.entries()) {
    const { indent = '', name } = declaring.exec(line.slice(0, 200))?.groups ?? {};
    if (name === undefined || found.length >= mostDefinitions) continue;
    let docLine = index + 1;
    while (docLine > 1 && /^\s*(?:\/\/|\/\*|\*|#|@)/u.test(lines[docLine - 2] ?? '')) docLine -= 1;
    let endLine = index + 1;
    while (endLine < lines.length && endLine - index <= shortDefinition && isBelow(lines[endLine] ?? '', indent)) {
      endLine += 1;
    }
    const range = { startLine: index + 1, endLine, docLine, signatureEnd: index + 1 };
    found.push({ name, ...range, members: [], isOuter: indent === '' });
  }
  return found;
}

function isBelow(line: string, indent: string): boolean {
  return line.startsWith(`${indent} `) || line.startsWith(`${indent}\t`) || /^\s*[)\]}]/u.test(line);
}
