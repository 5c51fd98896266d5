/** Resolves the imports of a file to files of the workspace. Compares paths only and reads nothing. */
import { importsOf } from '../complete/context/imports.ts';
import { lookupsOf } from '../complete/context/lookups.ts';
import { languageOf } from '../syntax/grammars.ts';
import { hashOf } from './terms.ts';

/** Hashes of paths, each once. `isThere` says whether the workspace has a file with that path. */
export function importTargets(path: string, text: string, isThere: (path: string) => boolean): readonly number[] {
  const languageId = languageOf(path);
  const lookups = lookupsOf(importsOf(text, languageId), { path, languageId, text, wanted: [] });
  const found = new Set<number>();
  for (const { paths, inFolder } of lookups) {
    // The first existing path is the target. Imports of whole folders are skipped.
    const target = inFolder === undefined ? paths.find(isThere) : undefined;
    if (target !== undefined) found.add(hashOf(target));
  }
  return [...found];
}
