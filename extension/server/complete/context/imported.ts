/** The declarations in other files of the workspace that the code around a cursor most probably needs. */
import { posix } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { languageOf } from '../../syntax/grammars.ts';
import type { Syntax } from '../../syntax/syntax.ts';
import { definitionsOf, linesOf, withMembers } from './definitions.ts';
import type { Definition } from './definitions.ts';
import { excerptOf, holds, isInside } from './excerpt.ts';
import type { Excerpt } from './excerpt.ts';
import { importsOf } from './imports.ts';
import { lookupsOf } from './lookups.ts';
import type { FilesOfFolder, Lookup } from './lookups.ts';
import { namesNear, typesOf } from './names.ts';
import type { SourceFile, WorkspaceFiles } from './workspace-files.ts';

export interface Around {
  readonly path: string;
  readonly languageId: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** Files that are opened, paths that are tried, and excerpts that are given. */
const mostFiles = 24;
const mostPaths = 400;
const mostExcerpts = 24;
const mostCharacters = 8000;
const mostAroundMembers = 2000;
/** Of one folder. */
const mostOfFolder = 8;
/** A file that only passes on what others declare is looked through, this often. */
const mostPassedOn = 2;
/** Shorter names are everywhere. */
const shortestName = 3;

interface Imported {
  readonly file: SourceFile;
  readonly definitions: readonly Definition[];
  readonly names: Lookup['names'];
}

/** A search ends then, whatever the workspace is like. */
export const mostSearchMs = 5000;

/** The searches in one workspace folder, one after the other. */
export class ImportedDefinitions {
  readonly #files: WorkspaceFiles;
  readonly #syntax: Syntax;
  #running: { readonly document: string; readonly search: Search; readonly done: Promise<void> } | undefined;

  constructor(files: WorkspaceFiles, syntax: Syntax) {
    this.#files = files;
    this.#syntax = syntax;
  }

  /**
   * The most helpful first: imported names by their nearness, types of near names, then other near names. After
   * `patience` milliseconds those that were found until then; the search goes on, so that the next one finds its files
   * read.
   */
  async find(around: Around, patience: number): Promise<readonly Excerpt[]> {
    const text = `${around.prefix}${around.suffix}`;
    const near = namesNear(around.prefix, around.suffix);
    const wanted = [...new Set([...near, ...typesOf(near, text)])];
    const impatient = setTimeout(patience, undefined, { ref: false });
    if (this.#running !== undefined && this.#running.document !== around.path) {
      await Promise.race([this.#running.done, impatient]);
      if (this.#running !== undefined) return [];
    }
    const { search, done } = (this.#running ??= this.#begin(around, text, wanted));
    await Promise.race([done, impatient]);
    return chosen(search.found, wanted);
  }

  #begin({ path, languageId }: Around, text: string, wanted: readonly string[]) {
    const search = new Search(path, this.#files, this.#syntax, wanted);
    // Whatever fails in a workspace, the completion goes without it.
    const ended = (): void => (this.#running = undefined);
    const done = search.follow(path, languageId, text, mostPassedOn).then(ended, ended);
    return { document: path, search, done };
  }
}

/** One search, with its bounds. */
class Search {
  readonly found: Imported[] = [];
  readonly #document: string;
  readonly #files: WorkspaceFiles;
  readonly #syntax: Syntax;
  readonly #wanted: readonly string[];
  readonly #end = performance.now() + mostSearchMs;
  readonly #seen = new Set<string>();
  #paths = mostPaths;

  constructor(document: string, files: WorkspaceFiles, syntax: Syntax, wanted: readonly string[]) {
    this.#document = document;
    this.#files = files;
    this.#syntax = syntax;
    this.#wanted = wanted;
  }

  /** Adds what a file imports. `depth`: how often imports of imported files are followed. */
  async follow(path: string, languageId: string, text: string, depth: number): Promise<void> {
    const imports = importsOf(text, languageId);
    const goModule = languageId === 'go' ? await this.#goModule() : undefined;
    const importer = { path, languageId, text, wanted: this.#wanted, goModule };
    for (const lookup of this.#ordered(lookupsOf(imports, importer))) {
      for (const file of await this.#lookUp(lookup)) {
        if (file.path !== this.#document) await this.#add(file, lookup, depth);
      }
    }
  }

  /** Those of the nearest names first, then whole modules, then the others. */
  #ordered(lookups: readonly Lookup[]): readonly Lookup[] {
    const rank = new Map(this.#wanted.map((name, index) => [name, index]));
    const last = this.#wanted.length;
    const rankOf = ({ names, isWhole }: Lookup): number =>
      Math.min(isWhole ? last : last + 1, ...names.map(({ as }) => rank.get(as) ?? last + 1));
    return lookups.toSorted((a, b) => rankOf(a) - rankOf(b));
  }

  async #lookUp({ paths, inFolder }: Lookup): Promise<readonly SourceFile[]> {
    for (const path of paths) {
      if (this.#isOver()) return [];
      this.#paths -= 1;
      const files = inFolder === undefined ? [await this.#files.read(path)] : await this.#readIn(path, inFolder);
      const found = files.filter((file) => file !== undefined);
      if (found.length > 0) return found;
    }
    return [];
  }

  async #readIn(folder: string, { ending, stems }: FilesOfFolder): Promise<readonly (SourceFile | undefined)[]> {
    const isMeant = (name: string): boolean =>
      name.endsWith(ending) && (stems?.includes(name.slice(0, -ending.length)) ?? !/_test\./u.test(name));
    const names = (await this.#files.names(folder)).filter(isMeant).slice(0, mostOfFolder);
    return Promise.all(names.map((name) => this.#files.read(posix.join(folder, name))));
  }

  async #add(file: SourceFile, lookup: Lookup, depth: number): Promise<void> {
    const key = `${file.path} ${lookup.names.map(({ name }) => name).join(' ')}`;
    if (this.#isOver() || this.#seen.has(key)) return;
    this.#seen.add(key);
    const definitions = await definitionsOf(this.#syntax, file);
    this.found.push({ file, definitions, names: lookup.names });
    const declared = new Set(definitions.map(({ name }) => name));
    const isPassedOn = lookup.names.some(({ name }) => !declared.has(name)) || definitions.length === 0;
    if (depth > 0 && isPassedOn && lookup.inFolder === undefined)
      await this.follow(file.path, languageOf(file.path), file.text, depth - 1);
  }

  #isOver(): boolean {
    return performance.now() > this.#end || this.#paths <= 0 || this.found.length >= mostFiles;
  }

  async #goModule(): Promise<string | undefined> {
    return /^module\s{1,9}(\S{1,300})/mu.exec((await this.#files.read('go.mod'))?.text ?? '')?.[1];
  }
}

function chosen(found: readonly Imported[], wanted: readonly string[]): readonly Excerpt[] {
  const names = new Set(wanted);
  const excerpts: Excerpt[] = [];
  const take = (file: SourceFile, definition: Definition): void => {
    const known = excerpts.filter(({ path }) => path === file.path);
    if (excerpts.length >= mostExcerpts || known.some(({ ranges }) => holds(ranges, definition.startLine))) return;
    const excerpt = excerptOf(file.path, file.lines, linesOf(definition, names));
    // A class comes in place of its members that are there already, unless it is much more than they are.
    const inside = known.filter((one) => isInside(one, excerpt));
    if (excerpt.text.length > (inside.length === 0 ? mostCharacters : mostAroundMembers)) return;
    const at = inside[0] === undefined ? excerpts.length : excerpts.indexOf(inside[0]);
    excerpts.splice(at, inside.length === 0 ? 0 : 1, excerpt);
    for (const one of inside.slice(1)) excerpts.splice(excerpts.indexOf(one), 1);
  };
  const resolved = new Set<string>();
  for (const name of wanted) {
    for (const { file, definitions, names: imported } of found) {
      const declared = imported.find(({ as }) => as === name)?.name;
      if (declared === undefined) continue;
      for (const definition of declarationsOf(definitions, declared, name, file)) {
        take(file, definition);
        resolved.add(name);
      }
    }
  }
  const byName = definitionsByName(found);
  for (const name of wanted.filter((one) => one.length >= shortestName && !resolved.has(one))) {
    for (const { file, definition } of byName.get(name) ?? []) take(file, definition);
  }
  return excerpts;
}

/** A name may be declared more than once: a type of Rust and its blocks, overloads. */
const mostOfOneName = 3;

function declarationsOf(
  definitions: readonly Definition[],
  declared: string,
  name: string,
  file: SourceFile,
): readonly Definition[] {
  const outer = definitions.filter((one) => one.name === declared);
  if (declared !== 'default') return outer.slice(0, mostOfOneName);
  const marked = definitions.find(({ startLine }) => /\bexport\s+default\b/u.test(file.lines[startLine - 1] ?? ''));
  return [marked ?? definitions.find((one) => one.name === name)].filter((one) => one !== undefined);
}

function definitionsByName(found: readonly Imported[]) {
  const byName = new Map<string, { readonly file: SourceFile; readonly definition: Definition }[]>();
  for (const { file, definitions } of found) {
    for (const definition of withMembers(definitions)) {
      const known = byName.get(definition.name) ?? [];
      if (known.length < mostOfOneName) byName.set(definition.name, [...known, { file, definition }]);
    }
  }
  return byName;
}
