/** What a file imports, read line by line: the document is rarely whole while it is written. */

export interface Import {
  /** As the language writes it: `./cart`, `..cart`, `shop.Cart`, `crate::cart`. */
  readonly module: string;
  /** As the module declares them; `default` for its default export. */
  readonly names: readonly ImportedName[];
  /** Everything that the module has: a namespace, a star, an include. */
  readonly isWhole: boolean;
}

export interface ImportedName {
  readonly name: string;
  /** What the file calls it. */
  readonly as: string;
}

/** Imports further below are not looked for, nor more than this. */
const mostCharacters = 64 * 1024;
const mostImports = 64;

type Reader = (text: string) => Import[];

/** Empty for a language whose imports are not known. */
export function importsOf(text: string, languageId: string): readonly Import[] {
  const read = Object.hasOwn(readers, languageId) ? readers[languageId] : undefined;
  return read?.(text.slice(0, mostCharacters)).slice(0, mostImports) ?? [];
}

/** The module that a file says it is: Java's package, C#'s namespace. */
export function ownModule(text: string): string | undefined {
  return /^\s{0,40}(?:package|namespace)\s+([\w.]{1,300})/mu.exec(text.slice(0, mostCharacters))?.[1];
}

const whole = (module: string): Import => ({ module, names: [], isWhole: true });

/** All repetitions have bounds, so that no text takes long. */
const patterns = {
  from: /^[ \t]{0,40}(?:import|export)\b([^'"`;]{1,2000}?)\bfrom\s{0,20}['"]([^'"\n]{1,300})['"]/gmu,
  require:
    /^[ \t]{0,40}(?:const|let|var)\s([^=;]{1,500}?)=\s{0,20}require\(\s{0,20}['"]([^'"\n]{1,300})['"]\s{0,20}\)/gmu,
  pythonFrom: /^[ \t]{0,40}from\s{1,20}([\w.]{1,300})\s{1,20}import\s{1,20}(\([^)]{0,2000}\)|[^\n#]{1,500})/gmu,
  pythonImport: /^[ \t]{0,40}import\s{1,20}([\w., \t]{1,500})/gmu,
  java: /^[ \t]{0,40}import\s{1,20}(static\s{1,20})?([\w.]{1,300}?)(\.\*)?\s{0,20};/gmu,
  csharp:
    /^[ \t]{0,40}(?:global\s{1,20})?using\s{1,20}(?:static\s{1,20})?(?:\w{1,100}\s{0,20}=\s{0,20})?([\w.]{1,300})\s{0,20};/gmu,
  include: /^[ \t]{0,40}#[ \t]{0,20}include[ \t]{0,20}["<]([^">\n]{1,300})[">]/gmu,
  goLine: /^import\s{1,20}(?:[\w.]{1,100}\s{1,20})?"([^"\n]{1,300})"/gmu,
  goBlock: /^import\s{0,20}\(([^)]{0,4000})\)/gmu,
  rustUse: /^[ \t]{0,40}(?:pub(?:\([^)]{1,40}\))?\s{1,20})?use\s{1,20}([^;]{1,1000});/gmu,
  rustMod: /^[ \t]{0,40}(?:pub(?:\([^)]{1,40}\))?\s{1,20})?mod\s{1,20}(\w{1,100})\s{0,20};/gmu,
} as const;

const readers: Readonly<Record<string, Reader>> = {
  ...forAll(readScript, 'typescript', 'typescriptreact', 'javascript', 'javascriptreact'),
  ...forAll((text) => matches(text, patterns.include).map(([path]) => whole(path)), 'c', 'cpp', 'cuda-cpp'),
  python: (text) => [
    ...matches(text, patterns.pythonFrom).map(([module, list]) => named(module, list.replaceAll(/[()\n\\]/gu, ' '))),
    ...matches(text, patterns.pythonImport).flatMap(([list]) =>
      list.split(',').map((one) => whole(one.trim().split(/\s/u, 1)[0] ?? '')),
    ),
  ],
  java: (text) => matches(text, patterns.java).map(([isStatic, module, star]) => javaImport(isStatic, module, star)),
  csharp: (text) => matches(text, patterns.csharp).map(([module]) => whole(module)),
  go: (text) => [
    ...matches(text, patterns.goLine).map(([module]) => whole(module)),
    ...matches(text, patterns.goBlock).flatMap(([block]) =>
      Array.from(block.matchAll(/"([^"\n]{1,300})"/gu), ([, module = '']) => whole(module)),
    ),
  ],
  rust: (text) => [
    ...matches(text, patterns.rustUse).flatMap(([tree]) => rustPaths(tree).map(rustImport)),
    ...matches(text, patterns.rustMod).map(([name]) => whole(`self::${name}`)),
  ],
};

function forAll(reader: Reader, ...languageIds: readonly string[]): Record<string, Reader> {
  return Object.fromEntries(languageIds.map((id) => [id, reader]));
}

/** The groups of each match; an absent one is empty. */
function matches(text: string, pattern: RegExp): (readonly [string, string, string])[] {
  return Array.from(text.matchAll(pattern), ([, a = '', b = '', c = '']) => [a, b, c] as const);
}

function readScript(text: string): Import[] {
  return [...matches(text, patterns.from), ...matches(text, patterns.require)].map(([clause, module]) => {
    const braces = /\{([^}]*)\}/u.exec(clause);
    const { names } = named(module, (braces?.[1] ?? '').replaceAll(/\btype\s|\n/gu, ' ').replaceAll(':', ' as '));
    const rest = clause.replace(braces?.[0] ?? '', '').replace(/^\s*type\s/u, '');
    const [, only = ''] = /^\s*([\w$]+)/u.exec(rest) ?? [];
    const isDefault = only !== '' ? [{ name: 'default', as: only }] : [];
    return { module, names: [...isDefault, ...names], isWhole: rest.includes('*') };
  });
}

/** Reads `a, b as c`. */
function named(module: string, list: string): Import {
  const names = list.split(',').flatMap((one) => {
    const [name = '', , as = name] = one.trim().split(/\s+/u);
    return /^[\w$]+$/u.test(name) ? [{ name, as }] : [];
  });
  return { module, names, isWhole: /^\s*\*/u.test(list) };
}

/** `import static shop.Cart.total` is something of the class `Cart`. */
function javaImport(isStatic: string, module: string, star: string): Import {
  const path = isStatic !== '' && star === '' ? module.slice(0, module.lastIndexOf('.')) : module;
  const name = path.slice(path.lastIndexOf('.') + 1);
  return star !== '' && isStatic === ''
    ? whole(path)
    : { module: path.slice(0, path.lastIndexOf('.')), names: [{ name, as: name }], isWhole: false };
}

/** `a::{b, c::d}` is `a::b` and `a::c::d`. */
function rustPaths(tree: string): string[] {
  const text = tree.replaceAll(/\s+/gu, ' ').trim();
  const open = text.indexOf('{');
  if (open < 0) return [text];
  const head = text.slice(0, open);
  const inside = text.slice(open + 1, text.lastIndexOf('}'));
  return splitOutside(inside).flatMap((part) => rustPaths(head + part.trim()));
}

/** At commas that stand in no braces. */
function splitOutside(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const char of text) {
    depth += char === '{' ? 1 : char === '}' ? -1 : 0;
    if (char === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts.filter((part) => part.trim() !== '');
}

function rustImport(path: string): Import {
  const [full = '', as] = path.split(/ as /u);
  const steps = full.trim().split('::');
  const name = steps.pop() ?? '';
  const module = steps.join('::');
  if (name === '*' || name === 'self') return whole(module);
  return { module, names: [{ name, as: as?.trim() ?? name }], isWhole: false };
}
