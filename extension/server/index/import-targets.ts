/** Which files of the workspace a file imports. Only paths are compared; nothing is read. */
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
    // The first path that is there is meant; a folder is no file.
    const target = inFolder === undefined ? paths.find(isThere) : undefined;
    if (target !== undefined) found.add(hashOf(target));
  }
  return [...found];
}
