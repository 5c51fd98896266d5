/**
 * A light stemmer for English. It maps the forms of a word in questions and programs to one stem: `encoding` and
 * `encode`, `parsers` and `parse`, `configuration` and `config`. A stem need not be a word.
 */

interface Ending {
  readonly ending: string;
  /** The stem has at least this many letters before `instead`. */
  readonly least: number;
  readonly instead: string;
}

/** The longest ending first. */
const endings: readonly Ending[] = [
  ...replaced('iz', 3, 'izations', 'ization', 'izers', 'izer'),
  ...replaced('at', 3, 'ations', 'ation', 'ators', 'ator'),
  ...replaced('', 4, 'ments', 'ment', 'ions', 'ion'),
  ...replaced('', 3, 'ings', 'ing'),
  ...replaced('', 4, 'ers', 'ors'),
  ...replaced('y', 2, 'ies'),
  ...replaced('', 4, 'er', 'or', 'ly'),
  ...replaced('', 3, 'ed', 'es', 's', 'e'),
];

function replaced(instead: string, least: number, ...list: readonly string[]): Ending[] {
  return list.map((ending) => ({ ending, least, instead }));
}

/** `word` is in lower case. Words with other than Latin letters stay as they are. */
export function stem(word: string): string {
  const short = withoutEnding(word);
  return abbreviations.get(short) ?? short;
}

function withoutEnding(word: string): string {
  if (word.length < 4 || word.endsWith('ss') || !/^[a-z]+$/u.test(word)) return word;
  for (const { ending, least, instead } of endings) {
    if (!word.endsWith(ending) || word.length - ending.length < least) continue;
    const rest = word.slice(0, -ending.length);
    // `mapping` and `map` have one stem.
    return instead === '' && /([bdgmnprt])\1$/u.test(rest) ? rest.slice(0, -1) : rest + instead;
  }
  return word;
}

/** Common abbreviations in programs, by the word that prose uses. */
const abbreviations: ReadonlyMap<string, string> = new Map(
  Object.entries({
    address: 'addr',
    argument: 'arg',
    attribute: 'attr',
    authentication: 'auth',
    boolean: 'bool',
    character: 'char',
    command: 'cmd',
    configuration: 'config',
    constructor: 'init',
    context: 'ctx',
    database: 'db',
    delete: 'del',
    destination: 'dst',
    dictionary: 'dict',
    directory: 'dir',
    document: 'doc',
    environment: 'env',
    exception: 'error',
    execute: 'exec',
    function: 'func',
    generate: 'gen',
    identifier: 'id',
    implementation: 'impl',
    index: 'idx',
    initialization: 'init',
    initializer: 'init',
    integer: 'int',
    library: 'lib',
    maximum: 'max',
    message: 'msg',
    minimum: 'min',
    number: 'num',
    object: 'obj',
    parameter: 'param',
    pointer: 'ptr',
    previous: 'prev',
    reference: 'ref',
    regular: 'regex',
    remove: 'del',
    request: 'req',
    response: 'resp',
    source: 'src',
    specification: 'spec',
    string: 'str',
    temporary: 'tmp',
  }).map(([long, short]) => [withoutEnding(long), withoutEnding(short)]),
);
