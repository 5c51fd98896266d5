/** The declarations of a text, by name. Pure functions on a syntax tree; all offsets are UTF-16 units. */
import type { Node } from '@vscode/tree-sitter-wasm';
import type { Span } from './nodes.ts';

export interface OutlineItem extends Span {
  /**
   * `forward`: says that something is defined elsewhere, as headers of C and C++ do. `other`: a statement that declares
   * nothing.
   */
  readonly kind: 'declaration' | 'forward' | 'import' | 'other';
  /** Empty for what declares nothing. */
  readonly name: string;
  /** Where the comment right above it begins; `start` without one. */
  readonly docStart: number;
  /** Without `export`, decorators and the like. */
  readonly inner: Span;
  /** A class, a namespace or the like. */
  readonly isContainer: boolean;
  readonly members: readonly OutlineItem[];
  /** Where the body of a container begins. */
  readonly bodyStart?: number;
}

/** Deeper declarations belong to the one around them. */
const deepest = 4;

export function outlineOf(root: Node): OutlineItem[] {
  return itemsOf(root, deepest);
}

/** Only what has a name, and at most `most` of it: a hostile file has a hundred thousand items. */
export function namedItems(items: readonly OutlineItem[], most: number): OutlineItem[] {
  let left = most;
  const named = (list: readonly OutlineItem[]): OutlineItem[] =>
    list.flatMap((item) => (item.name === '' || left-- <= 0 ? [] : [{ ...item, members: named(item.members) }]));
  return named(items);
}

function itemsOf(parent: Node, depth: number): OutlineItem[] {
  const items: OutlineItem[] = [];
  /** Comments right above each other. */
  let comments: Node[] = [];
  for (const child of namedChildren(parent)) {
    const last = comments.at(-1);
    if (last !== undefined && child.startPosition.row > last.endPosition.row + 1) comments = [];
    if (commentTypes.test(child.type)) {
      comments.push(child);
    } else {
      items.push(itemOf(child, comments[0]?.startIndex ?? child.startIndex, depth));
      comments = [];
    }
  }
  return items;
}

function itemOf(node: Node, docStart: number, depth: number): OutlineItem {
  const inner = unwrapped(node);
  const span = { start: node.startIndex, end: node.endIndex, docStart };
  const innerSpan = { start: inner.startIndex, end: inner.endIndex };
  if (importTypes.test(inner.type))
    return { kind: 'import', name: '', ...span, inner: innerSpan, isContainer: false, members: [] };
  const isForward = inner.type === 'declaration';
  const name = isForward || declarationTypes.test(inner.type) ? nameOf(inner) : '';
  const isContainer = containerTypes.test(inner.type);
  const kind = name === '' ? 'other' : isForward ? 'forward' : 'declaration';
  const item: OutlineItem = { kind, name, ...span, inner: innerSpan, isContainer, members: [] };
  const body = depth > 0 && isContainer ? bodyOf(inner) : undefined;
  return body === undefined ? item : { ...item, bodyStart: body.startIndex, members: itemsOf(body, depth - 1) };
}

const commentTypes = /comment/u;
const importTypes =
  /^(?:import_statement|import_declaration|import_from_statement|future_import_statement|preproc_include|use_declaration|using_directive|namespace_use_declaration|package_clause|package_declaration|extern_crate_declaration)$/u;
const wrapperTypes =
  /^(?:export_statement|decorated_definition|template_declaration|global_statement|expression_statement)$/u;
const containerTypes =
  /^(?:(?:abstract_)?class|interface|struct|trait|impl|record|module|mod|namespace|internal_module|object)(?:_|$)/u;
const declarationTypes =
  /^(?:function_(?:definition|declaration|item|statement)|generator_function_declaration|method(?:_definition|_declaration)?|singleton_method|(?:constructor|destructor|property|field|record|interface|enum|trait|type_alias|namespace|const|var|variable|lexical|type|struct|abstract_class|class|local_function)_(?:declaration|definition|specifier|statement|item)|public_field_definition|class|module|mod_item|impl_item|static_item|internal_module|assignment|assignment_expression|preproc_(?:function_)?def|macro_definition)$/u;

/** The declaration inside an export, a decorator or a template. */
function unwrapped(node: Node): Node {
  if (!wrapperTypes.test(node.type)) return node;
  const inner = namedChildren(node).findLast(
    (child) => declarationTypes.test(child.type) || wrapperTypes.test(child.type),
  );
  return inner === undefined ? node : unwrapped(inner);
}

/** Empty when it declares no name, or several. */
function nameOf(node: Node): string {
  if (node.type === 'impl_item') return implName(node);
  const own = node.childForFieldName('name');
  if (own !== null) return receiverOf(node) + own.text;
  const target = node.childForFieldName('left');
  if (target !== null) return /^[\w.]+$/u.test(target.text) ? target.text : '';
  const declarator = node.childForFieldName('declarator');
  if (declarator !== null) return declaredName(declarator);
  const named = namedChildren(node).filter((child) => child.childForFieldName('name') !== null);
  const [only] = named;
  if (only !== undefined) return named.length === 1 ? (only.childForFieldName('name')?.text ?? '') : '';
  return namedChildren(node).find(({ type }) => /name$|identifier$/u.test(type))?.text ?? '';
}

/** `impl Show for Cart` and `impl Cart` are two things. */
function implName(node: Node): string {
  const [trait, type] = [node.childForFieldName('trait')?.text, node.childForFieldName('type')?.text ?? ''];
  return trait === undefined ? `impl ${type}` : `impl ${trait} for ${type}`;
}

/** In C and C++ the name is the innermost declarator. */
function declaredName(declarator: Node): string {
  let node = declarator;
  for (;;) {
    const next: Node | null = node.childForFieldName('declarator');
    if (next === null) return node.text.slice(0, 200);
    node = next;
  }
}

/** Methods of Go stand outside of their types. */
function receiverOf(node: Node): string {
  const receiver = node.childForFieldName('receiver')?.text.slice(0, 200);
  return receiver === undefined ? '' : `${/(\w+)(?:\[[^\]]*\])?\s*\)$/u.exec(receiver)?.[1] ?? ''}.`;
}

function bodyOf(node: Node): Node | undefined {
  const body = node.childForFieldName('body');
  return body ?? namedChildren(node).find(({ type }) => /body$|declaration_list$|^block$/u.test(type));
}

function namedChildren(node: Node): Node[] {
  return node.namedChildren.filter((child) => child !== null);
}
