/**
 * The template language of chat templates, as Python's Jinja runs it. The parser and most of the interpreter are those
 * of `@huggingface/jinja`; where that differs from Jinja 3.1 in silence, this replaces it or refuses. Compared with
 * recordings of Jinja in test/oracle/jinja.json.
 */
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';

export { Environment };

/** A value of the library's interpreter; its published types do not resolve under NodeNext. */
export interface RuntimeValue {
  readonly type: string;
  readonly value: unknown;
}
interface Node {
  readonly type: string;
  readonly value?: unknown;
}
interface FilterNode extends Node {
  readonly callee?: Node;
  readonly args?: readonly Node[];
}
interface MemberNode extends Node {
  readonly object: Node;
  readonly property: Node;
  readonly computed: boolean;
}
interface BinaryNode extends Node {
  readonly left: Node;
  readonly right: Node;
  readonly operator: { readonly value: string };
}
interface ForNode extends Node {
  readonly iterable: Node;
  readonly body: readonly Node[];
  readonly defaultBlock: readonly Node[];
}
type Keywords = ReadonlyMap<string, RuntimeValue>;

/** The parts of the library's interpreter that are built on or replaced here. */
declare class LibraryInterpreter {
  constructor(environment: Environment);
  run(program: unknown): RuntimeValue;
  evaluate(node: Node | undefined, environment: unknown): RuntimeValue;
  evaluateBlock(nodes: readonly Node[], environment: unknown): RuntimeValue;
  evaluateFor(node: ForNode, environment: unknown): RuntimeValue;
  evaluateMemberExpression(node: MemberNode, environment: unknown): RuntimeValue;
  evaluateBinaryExpression(node: BinaryNode, environment: unknown): RuntimeValue;
  evaluateArguments(nodes: readonly Node[], environment: unknown): [RuntimeValue[], Keywords];
  applyFilter(operand: RuntimeValue, filter: FilterNode, environment: unknown): RuntimeValue;
}
const Library = Interpreter as unknown as typeof LibraryInterpreter;

/** Throws for what is not a template. The last one is remembered: a model has one, and each prompt renders it twice. */
export function parseTemplate(source: string): unknown {
  if (last?.source !== source) {
    // Jinja reads every line end as a newline.
    const text = source.replace(/\r\n?/gu, '\n');
    last = { source, program: parse(tokenize(text, { lstrip_blocks: true, trim_blocks: true })) };
  }
  return last.program;
}

let last: { readonly source: string; readonly program: unknown } | undefined;

export class JinjaInterpreter extends Library {
  /** Loops that run, innermost last. */
  readonly #loops: { readonly body: readonly Node[]; broken: unknown; completed: number; jumped: number }[] = [];
  /** What `break` and `continue` threw last, with its kind. */
  #jump: { readonly error: unknown; readonly isBreak: boolean } | undefined;

  override evaluate(node: Node | undefined, environment: unknown): RuntimeValue {
    if (node?.type !== 'Break' && node?.type !== 'Continue') {
      return super.evaluate(node, environment);
    }
    try {
      return super.evaluate(node, environment);
    } catch (error) {
      this.#jump = { error, isBreak: node.type === 'Break' };
      throw error;
    }
  }

  /** In Jinja, `else` follows when no pass came to its end, also when all were left by a jump. */
  override evaluateFor(node: ForNode, environment: unknown): RuntimeValue {
    const loop = { body: node.body, broken: undefined, completed: 0, jumped: 0 };
    this.#loops.push(loop);
    let result: RuntimeValue;
    try {
      result = super.evaluateFor({ ...node, iterable: this.#iterable(node.iterable, environment) }, environment);
    } finally {
      this.#loops.pop();
    }
    const otherwise = loop.jumped > 0 && loop.completed === 0 ? node.defaultBlock : [];
    return toValue(toText(result) + toText(this.evaluateBlock(otherwise, environment)));
  }

  /** Undefined is an empty list. */
  #iterable(node: Node, environment: unknown): Node {
    const isEmpty =
      (node.type === 'Identifier' || node.type === 'MemberExpression') &&
      this.evaluate(node, environment).type === 'UndefinedValue';
    return isEmpty ? { type: 'ArrayLiteral', value: [] } : node;
  }

  /**
   * The text of some statements, values written as Python does. The library drops what a pass of a loop has written
   * when it meets `break` or `continue`. Here the pass ends normally with its text, and after a `break` the next pass
   * throws before it writes anything.
   */
  override evaluateBlock(nodes: readonly Node[], environment: unknown): RuntimeValue {
    const loop = this.#loops.at(-1);
    const isPass = loop?.body === nodes;
    if (isPass && loop.broken !== undefined) {
      throw loop.broken;
    }
    let text = '';
    try {
      for (const node of nodes) {
        const value = this.evaluate(node, environment);
        text += writesNothing.has(node.type) ? '' : toText(value);
      }
      if (isPass) {
        loop.completed += 1;
      }
    } catch (error) {
      if (error !== this.#jump?.error) {
        throw error;
      }
      if (!isPass) {
        this.#written = text + this.#written;
        throw error;
      }
      text += this.#written;
      this.#written = '';
      loop.jumped += 1;
      if (this.#jump?.isBreak === true) {
        loop.broken = error;
      }
    }
    return toValue(text);
  }
  /** By blocks inside a pass that a jump has left. */
  #written = '';

  override evaluateMemberExpression(node: MemberNode, environment: unknown): RuntimeValue {
    const object = this.evaluate(node.object, environment);
    if (object.type === 'UndefinedValue') {
      throw new Error(`it asks an undefined value for ${nameOf(node)}`);
    }
    if (typeof object.value === 'string' && !node.computed) {
      const method = stringMethods[String(node.property.value)];
      return method === undefined
        ? super.evaluateMemberExpression(node, environment)
        : toValue((...args: unknown[]) => method(object.value as string, ...args));
    }
    if (typeof object.value === 'string' && node.property.type !== 'SliceExpression') {
      const index = this.evaluate(node.property, environment);
      return toValue(index.type === 'IntegerValue' ? Array.from(object.value).at(index.value as number) : undefined);
    }
    return super.evaluateMemberExpression(node, environment);
  }

  override evaluateBinaryExpression(node: BinaryNode, environment: unknown): RuntimeValue {
    const operator = node.operator.value;
    if (operator === 'and' || operator === 'or') {
      return super.evaluateBinaryExpression(node, environment);
    }
    const left = this.evaluate(node.left, environment);
    const right = this.evaluate(node.right, environment);
    const text = typeof left.value === 'string';
    switch (operator) {
      case '==':
        return toValue(isEqual(left, right));
      case '!=':
        return toValue(!isEqual(left, right));
      case '~':
        return toValue(toText(left) + toText(right));
      case 'in':
      case 'not in':
        if (Array.isArray(right.value)) {
          const found = (right.value as RuntimeValue[]).some((item) => isEqual(item, left));
          return toValue(found === (operator === 'in'));
        }
        break;
      case '+':
        if (text !== (typeof right.value === 'string')) {
          throw new Error(`it adds ${describe(right)} to ${describe(left)}`);
        }
        break;
      case '<':
      case '>':
      case '<=':
      case '>=':
        if (text && typeof right.value === 'string') {
          const order = compareCodePoints(left.value, right.value);
          return toValue(operator.startsWith('<') ? order < 0 : order > 0 || (operator === '>=' && order === 0));
        }
        break;
      case '%':
        if (typeof left.value === 'number' && typeof right.value === 'number' && right.value !== 0) {
          // The sign is that of the divisor.
          const remainder = left.value - right.value * Math.floor(left.value / right.value);
          if (left.type === 'IntegerValue' && right.type === 'IntegerValue') return toValue(remainder);
        }
        break;
      default:
        break;
    }
    return super.evaluateBinaryExpression(node, environment);
  }

  override applyFilter(operand: RuntimeValue, filter: FilterNode, environment: unknown): RuntimeValue {
    const name = String(filter.type === 'CallExpression' ? filter.callee?.value : filter.value);
    const [args, keywords] = this.evaluateArguments(filter.args ?? [], environment);
    const { value } = operand;
    if (name === 'string') {
      return toValue(toText(operand));
    }
    if (name === 'default' || name === 'd') {
      const fallback = args[0] ?? keywords.get('default_value') ?? toValue('');
      const whenFalse = (args[1] ?? keywords.get('boolean'))?.value === true;
      return operand.type === 'UndefinedValue' || (whenFalse && !isTrue(operand)) ? fallback : operand;
    }
    if (name === 'join') {
      const separator = toText(args[0] ?? keywords.get('d') ?? toValue(''));
      const items = typeof value === 'string' ? Array.from(value, toValue) : Array.isArray(value) ? value : undefined;
      if (items === undefined || keywords.has('attribute')) throw new Error(`it joins ${describe(operand)}`);
      return toValue((items as RuntimeValue[]).map(toText).join(separator));
    }
    if (operand.type === 'UndefinedValue' && (name === 'length' || name === 'count')) {
      return toValue(0);
    }
    if (name === 'tojson' && holdsWholeFloat(operand)) {
      throw new Error('it writes a float as JSON');
    }
    const method = typeof value === 'string' ? stringFilters[name] : undefined;
    if (method !== undefined) {
      if (keywords.size > 0) throw new Error(`it gives names to the arguments of ${name}`);
      return toValue(method(value as string, ...args.map((one) => one.value)));
    }
    return super.applyFilter(operand, filter, environment);
  }
}

/** The library writes 1.0 as 1 in JSON. */
function holdsWholeFloat({ type, value }: RuntimeValue): boolean {
  const items = value instanceof Map ? [...value.values()] : Array.isArray(value) ? value : [];
  return (type === 'FloatValue' && Number.isInteger(value)) || (items as RuntimeValue[]).some(holdsWholeFloat);
}

/** Statements, of which Jinja prints nothing, though the library gives them a value. */
const writesNothing = new Set(['Set', 'Macro', 'Comment']);

/** The library's own conversion of JavaScript values. */
function toValue(value: unknown): RuntimeValue {
  const environment = new Environment();
  environment.set('value', value);
  return environment.lookupVariable('value') as RuntimeValue;
}

function isTrue({ type, value }: RuntimeValue): boolean {
  if (value instanceof Map) return value.size > 0;
  return type === 'ArrayValue' || type === 'TupleValue' ? (value as unknown[]).length > 0 : Boolean(value);
}

/** As Python's `str`. Undefined values are nothing. */
export function toText(value: RuntimeValue): string {
  return typeof value.value === 'string' ? value.value : toRepr(value);
}

/** As Python's `repr`. */
function toRepr(whole: RuntimeValue): string {
  const { type, value } = whole;
  switch (type) {
    case 'UndefinedValue':
      return '';
    case 'NullValue':
      return 'None';
    case 'BooleanValue':
      return value === true ? 'True' : 'False';
    case 'StringValue':
      return quote(String(value));
    case 'ArrayValue':
      return `[${(value as RuntimeValue[]).map(toRepr).join(', ')}]`;
    case 'TupleValue': {
      const items = (value as RuntimeValue[]).map(toRepr);
      return items.length === 1 ? `(${items[0] ?? ''},)` : `(${items.join(', ')})`;
    }
    case 'ObjectValue':
      return `{${[...(value as Map<string, RuntimeValue>)].map(([key, one]) => `${quote(key)}: ${toRepr(one)}`).join(', ')}}`;
    case 'IntegerValue':
      return String(value);
    case 'FloatValue':
      return Number.isInteger(value) ? (value as number).toFixed(1) : String(value);
    default:
      throw new Error(`it writes ${describe(whole)}`);
  }
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escapes: Readonly<Record<string, string>> = {
    '\\': '\\\\',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    [mark]: `\\${mark}`,
  };
  return mark + text.replace(/[\\\n\r\t'"]/gu, (one) => escapes[one] ?? one) + mark;
}

/** As Python's `==`: by value, numbers and booleans alike, never a text and a number. */
function isEqual(left: RuntimeValue, right: RuntimeValue): boolean {
  const [a, b] = [left.value, right.value];
  if (Array.isArray(a) && Array.isArray(b)) {
    return left.type === right.type && a.length === b.length && a.every((one, index) => isEqual(one, b[index]));
  }
  if (a instanceof Map && b instanceof Map) {
    const [some, others] = [a as Map<string, RuntimeValue>, b as Map<string, RuntimeValue>];
    return (
      some.size === others.size &&
      [...some].every(([key, one]) => others.has(key) && isEqual(one, others.get(key) as RuntimeValue))
    );
  }
  const isNumber = (value: unknown): boolean => typeof value === 'number' || typeof value === 'boolean';
  return isNumber(a) && isNumber(b) ? Number(a) === Number(b) : a === b && left.type === right.type;
}

/** UTF-16 orders characters beyond the first plane before some of it; code points are Python's order. */
function compareCodePoints(left: string, right: string): number {
  const [a, b] = [Array.from(left), Array.from(right)];
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const difference = (a[index]?.codePointAt(0) ?? 0) - (b[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function describe({ type }: RuntimeValue): string {
  return `a value of the kind ${type.replace(/Value$/u, '')}`;
}

function nameOf({ property }: MemberNode): string {
  return typeof property.value === 'string' ? property.value : 'an item';
}

type Method = (self: string, ...args: unknown[]) => unknown;

function stripper(left: boolean, right: boolean): Method {
  return (self, characters) => {
    const known = typeof characters === 'string' ? new Set(characters) : undefined;
    const goes = (one: string): boolean => (known === undefined ? isSpace(one) : known.has(one));
    const all = Array.from(self);
    const first = left ? all.findIndex((one) => !goes(one)) : 0;
    const last = right ? all.findLastIndex((one) => !goes(one)) : all.length - 1;
    return first < 0 ? '' : all.slice(first, last + 1).join('');
  };
}

/** As Python's `str.isspace`: the separators of Unicode and ASCII, but not the byte order mark. */
function isSpace(character: string): boolean {
  return (character !== '\ufeff' && /\s/u.test(character)) || moreSpaces.has(character);
}

const moreSpaces = new Set(['\u001c', '\u001d', '\u001e', '\u001f', '\u0085']);
const moreLineEnds = new RegExp(String.raw`\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]`, 'u');

const needText = (value: unknown): string => {
  if (typeof value !== 'string') throw new Error('it calls a method of a text with something else than a text');
  return value;
};

/** Methods of Python's `str` that the library lacks or runs otherwise. */
const stringMethods: Readonly<Record<string, Method | undefined>> = {
  strip: stripper(true, true),
  lstrip: stripper(true, false),
  rstrip: stripper(false, true),
  capitalize,
  title: titleCase,
  removeprefix: (self, prefix) => (self.startsWith(needText(prefix)) ? self.slice(needText(prefix).length) : self),
  removesuffix: (self, suffix) =>
    suffix !== '' && self.endsWith(needText(suffix)) ? self.slice(0, self.length - needText(suffix).length) : self,
  find: (self, part) => {
    const at = self.indexOf(needText(part));
    return at < 0 ? -1 : Array.from(self.slice(0, at)).length;
  },
  count: (self, part) => (needText(part) === '' ? Array.from(self).length + 1 : self.split(needText(part)).length - 1),
  isspace: (self) => self !== '' && Array.from(self).every(isSpace),
  isdigit: (self) => /^\p{Nd}+$/u.test(self),
  splitlines: (self) => {
    const lines = self.split(moreLineEnds);
    return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  },
};

/** Filters of texts that the library lacks or runs otherwise. */
const stringFilters: Readonly<Record<string, Method | undefined>> = {
  trim: stripper(true, true),
  length: (self) => Array.from(self).length,
  count: (self) => Array.from(self).length,
  capitalize,
  title: titleCase,
  first: (self) => Array.from(self)[0],
  last: (self) => Array.from(self).at(-1),
  list: (self) => Array.from(self),
  reverse: (self) => Array.from(self).reverse().join(''),
};

function capitalize(self: string): string {
  const [first = '', ...rest] = Array.from(self);
  return first.toUpperCase() + rest.join('').toLowerCase();
}

function titleCase(self: string): string {
  return self.replace(/\p{L}+/gu, capitalize);
}
