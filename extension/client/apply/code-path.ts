/** Which file a block of the chat names. Pure. All of it is written by a model: the paths are only wishes. */

export interface NamedPath {
  readonly path: string;
  /** Behind the fence the model names the file that it writes; elsewhere the path counts only if it exists. */
  readonly mayBeNew: boolean;
}

/** From the words behind the fence, then from the text before the block; the likeliest first. */
export function namedPaths(info: string, lead: string): NamedPath[] {
  const titled = [...info.matchAll(title)].map(([, double, single, bare]) => double ?? single ?? bare ?? '');
  const words = info.split(/[\s,{}"'=]+/u).flatMap((word) => [word, word.slice(word.lastIndexOf(':') + 1)]);
  const inInfo = [...titled, ...words].filter(looksLikePath);
  const quoted = [...lead.matchAll(/`([^`\n]{1,300})`/gu)].map(([, path]) => path ?? '').reverse();
  const plain = lead.split(/[\s`*"'()[\],;:]+/u).reverse();
  const inLead = [...quoted, ...plain].filter(looksLikePath);
  const found = [
    ...inInfo.map((path) => ({ path, mayBeNew: path.includes('/') || hasExtension(path) })),
    ...inLead.map((path) => ({ path, mayBeNew: false })),
  ];
  return found
    .filter(({ path }, index) => found.findIndex((other) => other.path === path) === index)
    .slice(0, mostPaths);
}

const title =
  /\b(?:title|file|filename|path|name)\s{0,3}[=:]\s{0,3}(?:"([^"\n]{1,300})"|'([^'\n]{1,300})'|([^\s"',}]{1,300}))/giu;
const mostPaths = 8;

/** `c++` and `text/plain` do not; `vb.net` does, and there is no such file. */
function looksLikePath(word: string): boolean {
  return word.length <= 300 && /^[\w@.+ /\\-]+$/u.test(word) && hasExtension(word) && /[A-Za-z]/u.test(word);
}

function hasExtension(path: string): boolean {
  return /\w\.[A-Za-z]\w{0,9}$/u.test(path) || /(?:^|\/)(?:\.[a-z]+|Makefile|Dockerfile)$/u.test(path);
}

/**
 * The parts of a path within a folder; undefined when it could lead out of it or into the files of Git. `root` is the
 * folder's own path: a path that begins with it counts as one within.
 */
export function partsWithin(path: string, root: string): string[] | undefined {
  const slashed = path.replaceAll('\\', '/');
  const relative = slashed.startsWith(`${root.replace(/\/$/u, '')}/`)
    ? slashed.slice(root.replace(/\/$/u, '').length + 1)
    : slashed;
  if (relative.startsWith('/') || relative.startsWith('~') || relative.includes('\0') || relative.includes(':')) {
    return undefined;
  }
  const parts = relative.split('/').filter((part) => part !== '' && part !== '.');
  const isSafe = parts.every((part) => part !== '..' && part.trim() === part && !/^\.git$/iu.test(part));
  return isSafe && parts.length > 0 ? parts : undefined;
}
