/** Tells tests and documents from sources, by their paths. */

export type FileKind = 'source' | 'test' | 'document';

const testPath =
  /(?:^|\/)(?:tests?|testing|__tests__|specs?|e2e)\/|(?:^|\/)(?:test_[^/]*|conftest\.py)$|(?:[._-](?:test|tests|spec)|Tests?)\.\w+$/u;
const documentPath = /\.(?:md|mdx|markdown|rst|txt|adoc|json|toml|cfg|ini|ya?ml|in|mmd|dot|puml)$|(?:^|\/)PKG-INFO$/iu;
const documentFolder = /(?:^|\/)(?:docs?|examples?)\//iu;

export function fileKind(path: string): FileKind {
  if (testPath.test(path)) return 'test';
  return documentPath.test(path) || documentFolder.test(path) ? 'document' : 'source';
}
