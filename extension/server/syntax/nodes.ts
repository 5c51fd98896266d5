/** Which whole pieces of code a selection means. Pure functions on a syntax tree; all offsets are UTF-16 units. */
import type { Node } from '@vscode/tree-sitter-wasm';

export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The smallest run of whole sibling nodes around `span`; blanks at its ends do not count. Undefined when the tree is
 * broken there, so that it says nothing.
 */
export function growToNodes(root: Node, text: string, span: Span): Span | undefined {
  const wanted = withoutBlanks(text, span);
  if (wanted.start >= wanted.end) return span;
  let node = smallestAround(root, wanted);
  for (;;) {
    if (node.isError) return undefined;
    const run = wholeChildren(node, wanted);
    if (run !== undefined) return run;
    if (node.parent === null) return { start: node.startIndex, end: node.endIndex };
    // A bracket or a keyword means what it belongs to, a piece of a string the string.
    if (node.isNamed && !isPartOfText(node)) return { start: node.startIndex, end: node.endIndex };
    node = node.parent;
  }
}

/** The innermost function around an offset, else the innermost member or statement that is not within a function. */
export function unitAround(root: Node, offset: number): Span | undefined {
  let statement: Node | undefined;
  let node: Node | null = smallestAround(root, { start: offset, end: offset });
  for (; node !== null && node.parent !== null; node = node.parent) {
    if (node.isError) return undefined;
    if (isFunction(node)) return spanOf(declarationOf(node));
    if (bodyTypes.test(node.parent.type) || node.parent.parent === null) statement ??= node;
  }
  return statement === undefined ? undefined : spanOf(declarationOf(statement));
}

export interface SyntaxFault {
  /** From 0. */
  readonly line: number;
  /** What stands there and does not belong, or what is missing; in words for a prompt. */
  readonly message: string;
}

/** Faults that a parser finds, at most `most` of them; the first ones first. */
export function syntaxFaults(root: Node, most: number): SyntaxFault[] {
  const found: SyntaxFault[] = [];
  const visit = (node: Node): void => {
    if (!node.hasError || found.length >= most) return;
    if (node.isMissing) {
      found.push({ line: node.startPosition.row, message: `"${node.type}" is missing` });
      return;
    }
    if (node.isError) {
      found.push({ line: node.startPosition.row, message: `"${firstWord(node.text)}" does not belong here` });
      return;
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(root);
  return found;
}

/** Where the comments of a text are, in its order; docstrings of Python are comments as well. */
export function commentSpans(root: Node): Span[] {
  const found: Span[] = [];
  const visit = (node: Node): void => {
    if (commentTypes.test(node.type) || isDocstring(node)) {
      found.push(spanOf(node));
      return;
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(root);
  return found;
}

const commentTypes = /comment$/u;

/** A statement that is only a string, and the first of a module, a class or a function. */
function isDocstring(node: Node): boolean {
  if (node.type !== 'expression_statement' || node.childCount !== 1 || node.child(0)?.type !== 'string') return false;
  const { parent } = node;
  const first = parent === null ? undefined : childrenOf(parent).find((child) => !commentTypes.test(child.type));
  if (parent === null || first?.id !== node.id) return false;
  return parent.type === 'module' || /^(?:function|class)_definition$/u.test(parent.parent?.type ?? '');
}

export interface Declaration {
  readonly name: string;
  /** Lines of its signature, from 0, both included. */
  readonly firstLine: number;
  readonly lastLine: number;
}

/** The functions, methods and types that a text declares, in its order. */
export function declarations(root: Node): Declaration[] {
  const found: Declaration[] = [];
  const visit = (node: Node): void => {
    if (isFunction(node) || typeTypes.test(node.type)) {
      const name = nameOf(node) ?? (node.parent === null ? undefined : nameOf(node.parent));
      const firstLine = node.startPosition.row;
      if (name !== undefined) found.push({ name, firstLine, lastLine: lastSignatureLine(node) });
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(root);
  return found;
}

/** The line on which a body opens with a bracket, else the one before it. */
function lastSignatureLine(node: Node): number {
  const first = node.startPosition.row;
  const body = node.childForFieldName('body');
  if (body === null) return first;
  return Math.max(first, body.startPosition.row - (body.child(0)?.type === '{' ? 0 : 1));
}

const typeTypes = /^(?:class|struct|interface|enum|trait|type)_(?:declaration|definition|specifier|item|spec)$/u;

/** Of a declaration, or of the variable that a function is assigned to. C declares through nested declarators. */
function nameOf(node: Node): string | undefined {
  for (let at: Node | null = node; at !== null; at = at.childForFieldName('declarator')) {
    const name = at.childForFieldName('name');
    if (name !== null) return name.text;
    if (at.type.endsWith('identifier')) return at.text;
  }
  return undefined;
}

const functionTypes =
  /^(?:function|generator_function|method|constructor|destructor|arrow_function|func_literal|lambda|closure|local_function)(?:_|$)|^singleton_method$/u;
/** Nodes whose children are declarations or statements on their own. */
const bodyTypes = /(?:_body|_block|^block|declaration_list|compound_statement|body_statement|^class|^module)$/u;
/** A function and what it is declared with are one thing. */
const wrapperTypes =
  /^(?:decorated_definition|export_statement|template_declaration|lexical_declaration|variable_declaration|variable_declarator|public_field_definition|field_definition|pair|assignment|expression_statement)$/u;

function isFunction(node: Node): boolean {
  return node.isNamed && functionTypes.test(node.type) && !node.type.endsWith('_type') && node.childCount > 1;
}

function declarationOf(node: Node): Node {
  let outer = node;
  while (outer.parent !== null && outer.parent.parent !== null && wrapperTypes.test(outer.parent.type)) {
    outer = outer.parent;
  }
  return outer;
}

function spanOf(node: Node): Span {
  return { start: node.startIndex, end: node.endIndex };
}

function smallestAround(root: Node, { start, end }: Span): Node {
  let node = root;
  for (;;) {
    const inner = childrenOf(node).find((child) => child.startIndex <= start && child.endIndex >= end);
    if (inner === undefined || (start === end && inner.startIndex === inner.endIndex)) return node;
    node = inner;
  }
}

/** The children that overlap a span, if they may stand alone: a list's elements, not the parts of one thing. */
function wholeChildren(node: Node, wanted: Span): Span | undefined {
  const children = childrenOf(node);
  const touched = children.flatMap((child, index) =>
    child.startIndex < wanted.end && child.endIndex > wanted.start ? [{ child, index }] : [],
  );
  const first = touched[0]?.child;
  const last = touched.at(-1)?.child;
  if (first === undefined || last === undefined || touched.some(({ child }) => child.isError)) return undefined;
  const isList = touched.every(({ child }) => (child.isNamed ? true : separators.has(child.type)));
  const roles = new Set(touched.map(({ index }) => node.fieldNameForChild(index)));
  if (!isList || roles.size > 1) return undefined;
  return { start: first.startIndex, end: last.endIndex };
}

const separators = new Set([',', ';', '\n']);

function isPartOfText(node: Node): boolean {
  return /string_(?:fragment|content|start|end)|escape_sequence|template_(?:substitution|chars)|interpolation/u.test(
    node.type,
  );
}

function childrenOf(node: Node): Node[] {
  return node.children.filter((child) => child !== null);
}

function withoutBlanks(text: string, { start, end }: Span): Span {
  const inside = text.slice(start, end);
  const from = start + (inside.length - inside.trimStart().length);
  return { start: from, end: Math.max(from, end - (inside.length - inside.trimEnd().length)) };
}

function firstWord(text: string): string {
  return /^\s*(\w+|\S)/u.exec(text.slice(0, 200))?.[1] ?? '';
}
