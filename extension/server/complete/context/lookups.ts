/** Where the files may lie that a file imports. Only names are computed here; nothing is read. */
import { posix } from 'node:path';
import { ownModule } from './imports.ts';
import type { Import, ImportedName } from './imports.ts';

export interface Lookup {
  /** The first of these that is there is meant. Relative to the workspace folder. */
  readonly paths: readonly string[];
  /** The paths are folders, and the first that has such files is meant. */
  readonly inFolder?: FilesOfFolder;
  readonly names: readonly ImportedName[];
  readonly isWhole: boolean;
}

export interface FilesOfFolder {
  readonly ending: string;
  /** Their names without the ending; absent = all. */
  readonly stems?: readonly string[];
}

export interface Importer {
  /** Relative to the workspace folder, with slashes. */
  readonly path: string;
  readonly languageId: string;
  readonly text: string;
  /** Names that are worth a look, the nearest first: where an import names no file, files are looked for by them. */
  readonly wanted: readonly string[];
  /** The module that the workspace's `go.mod` declares. */
  readonly goModule?: string | undefined;
}

/** Types that are looked for by name in the folder of a package or a namespace. */
const mostTypes = 40;

export function lookupsOf(imports: readonly Import[], importer: Importer): readonly Lookup[] {
  const { languageId } = importer;
  const resolve = Object.hasOwn(resolvers, languageId) ? resolvers[languageId] : undefined;
  if (resolve === undefined) return [];
  const lookups = [...imports.flatMap((one) => resolve(one, importer)), ...implied(importer)];
  return lookups
    .map((lookup) => ({ ...lookup, paths: lookup.paths.filter((path) => path !== importer.path) }))
    .filter(({ paths }) => paths.length > 0);
}

type Resolver = (one: Import, importer: Importer) => readonly Lookup[];

const resolvers: Readonly<Record<string, Resolver>> = {
  typescript: script,
  typescriptreact: script,
  javascript: script,
  javascriptreact: script,
  python,
  java,
  csharp,
  c: include,
  cpp: include,
  'cuda-cpp': include,
  go,
  rust,
};

/** What a file sees without importing it: its own package or namespace. */
function implied(importer: Importer): readonly Lookup[] {
  const { path, languageId, wanted } = importer;
  const folder = posix.dirname(path);
  if (languageId === 'go') return [{ paths: [folder], inFolder: { ending: '.go' }, names: [], isWhole: true }];
  if (languageId === 'java') return typesIn([folder], wanted, '.java');
  if (languageId !== 'csharp') return [];
  const namespace = ownModule(importer.text);
  const own = typesIn([folder], wanted, '.cs');
  return namespace === undefined ? own : [...own, ...typesIn(namespaceFolders(namespace, path), wanted, '.cs')];
}

/** Types are in files of their names. */
function typesIn(folders: readonly string[], wanted: readonly string[], ending: string): readonly Lookup[] {
  const stems = wanted.filter((name) => /^\p{Lu}/u.test(name)).slice(0, mostTypes);
  const names = stems.map((name) => ({ name, as: name }));
  return stems.length === 0 ? [] : [{ paths: folders, inFolder: { ending, stems }, names, isWhole: false }];
}

const scriptEndings = ['.ts', '.tsx', '.d.ts', '.js', '.jsx', '.mts', '.mjs', '.cts', '.cjs'];

function script({ module, names, isWhole }: Import, { path }: Importer): readonly Lookup[] {
  // A package's name has no slash, or a scope in front of its only one.
  const bare = /^[@~]\/(.+)$/u.exec(module)?.[1] ?? (/^(?:@[^/]+\/)?[^/]+\/./u.test(module) ? module : undefined);
  const bases = module.startsWith('.')
    ? [posix.join(posix.dirname(path), module)]
    : bare === undefined
      ? []
      : rootsOf(path).map((root) => posix.join(root, bare));
  const paths = bases.flatMap((base) => {
    const stem = base.replace(/\.(?:[mc]?js|jsx)$/u, '');
    const asWritten = /\.\w+$/u.test(base) ? [base] : [];
    const files = scriptEndings.map((ending) => stem + ending);
    return [...asWritten, ...files, ...scriptEndings.slice(0, 5).map((ending) => `${base}/index${ending}`)];
  });
  return [{ paths, names, isWhole }];
}

/** Folders that paths without a dot may start from: the workspace, and what is called `src` around the file. */
function rootsOf(path: string): readonly string[] {
  const source = /^(?:.*\/)?src(?=\/)/u.exec(path)?.[0];
  return [...new Set([...(source === undefined ? [] : [source, posix.dirname(source)]), '.', 'src'])];
}

const mostAncestors = 6;

/** The file's folder and those around it, the nearest first. */
function ancestorsOf(path: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = posix.dirname(path); folders.length < mostAncestors; folder = posix.dirname(folder)) {
    folders.push(folder);
    if (folder === '.' || folder === '/') return folders;
  }
  return [...folders, '.'];
}

function python({ module, names, isWhole }: Import, { path }: Importer): readonly Lookup[] {
  const dots = /^\.*/u.exec(module)?.[0].length ?? 0;
  const steps = module.slice(dots).replaceAll('.', '/');
  const up = '../'.repeat(Math.max(0, dots - 1));
  const roots = dots > 0 ? [posix.join(posix.dirname(path), up)] : [...ancestorsOf(path), 'src'];
  const bases = roots.map((root) => posix.join(root, steps));
  const own = bases.flatMap((base) => [`${base}.py`, `${base}.pyi`, `${base}/__init__.py`]);
  // A name may be a module by itself.
  const modules = names.map(({ name }) => ({
    paths: bases.map((base) => `${base}/${name}.py`),
    names: [],
    isWhole: true,
  }));
  return [{ paths: own, names, isWhole }, ...modules];
}

function java({ module, names, isWhole }: Import, importer: Importer): readonly Lookup[] {
  const own = (ownModule(importer.text) ?? '').replaceAll('.', '/');
  const folder = posix.dirname(importer.path);
  const root = own !== '' && folder.endsWith(own) ? folder.slice(0, folder.length - own.length) : folder;
  const folders = [...new Set([root, 'src/main/java', 'src', '.'])].map((start) =>
    posix.join(start, module.replaceAll('.', '/')),
  );
  if (isWhole) return typesIn(folders, importer.wanted, '.java');
  return names.map((name) => ({
    paths: folders.map((at) => posix.join(at, `${name.name}.java`)),
    names: [name],
    isWhole,
  }));
}

function csharp({ module }: Import, { path, wanted }: Importer): readonly Lookup[] {
  // Those of the platform lie in no workspace.
  if (/^(?:System|Microsoft|Xunit|NUnit|Moq)\b/u.test(module)) return [];
  return typesIn(namespaceFolders(module, path), wanted, '.cs');
}

/**
 * A namespace is the name of a project, which is a folder, followed by folders: `Shop.Core.Carts` may be
 * `Shop.Core/Carts`, `Shop/Core/Carts` or `Carts`, from any folder around the file.
 */
function namespaceFolders(namespace: string, path: string): readonly string[] {
  const steps = namespace.split('.').slice(0, 8);
  const ends = steps.map((_, index) => ({
    project: steps.slice(0, index + 1).join('.'),
    rest: steps.slice(index + 1),
  }));
  const below = ends.flatMap(({ project, rest }) => [[project, ...rest].join('/'), rest.join('/')]);
  const bases = ancestorsOf(path).slice(-3);
  return [...new Set(bases.flatMap((base) => below.map((folder) => posix.join(base, folder))))];
}

function include({ module }: Import, { path }: Importer): readonly Lookup[] {
  const folders = ancestorsOf(path).flatMap((folder) => [folder, `${folder}/include`, `${folder}/src`]);
  return [{ paths: folders.map((folder) => posix.join(folder, module)), names: [], isWhole: true }];
}

function go({ module }: Import, { goModule }: Importer): readonly Lookup[] {
  if (goModule === undefined || !(module === goModule || module.startsWith(`${goModule}/`))) return [];
  return [{ paths: [`.${module.slice(goModule.length)}`], inFolder: { ending: '.go' }, names: [], isWhole: true }];
}

function rust({ module, names, isWhole }: Import, { path }: Importer): readonly Lookup[] {
  const [head = '', ...rest] = module.split('::');
  const folder = posix.dirname(path);
  const isRoot = /^(?:mod|lib|main)\.rs$/u.test(posix.basename(path));
  const own = isRoot ? folder : posix.join(folder, posix.basename(path, '.rs'));
  const crate = /^(?:.*\/)?src(?=\/)/u.exec(path)?.[0] ?? folder;
  const ups = rest.filter((step) => step === 'super').length;
  const starts: Readonly<Record<string, string>> = {
    crate,
    self: own,
    super: posix.join(own, '..', '../'.repeat(ups)),
  };
  const start = Object.hasOwn(starts, head) ? starts[head] : undefined;
  if (start === undefined) return [];
  const steps = rest.filter((step) => step !== 'super');
  const base = posix.join(start, ...steps);
  // The last step may be a type of the module above it.
  const above = steps.length > 0 ? [posix.join(start, ...steps.slice(0, -1))] : [];
  const files = [base, ...above].flatMap((at) => [`${at}.rs`, `${at}/mod.rs`, `${at}/lib.rs`, `${at}/main.rs`]);
  const modules = names.map(({ name }) => ({
    paths: [`${base}/${name}.rs`, `${base}/${name}/mod.rs`],
    names: [],
    isWhole: true,
  }));
  return [{ paths: files, names, isWhole }, ...modules];
}
