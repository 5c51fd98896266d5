/** Looks in the workspace for the place of tests. */
import * as vscode from 'vscode';
import { EngineError } from '../lib/engine-error.ts';
import { testGlobs, testPlace } from './test-place.ts';

/** More say no more about the habits of a project. */
const mostTests = 500;
const mostManifests = 5;
const leftOut = '**/{node_modules,.git,dist,build,out,target,vendor,.venv,venv}/**';
const mostSampleBytes = 200_000;

/**
 * The document that gets the tests of `document`: a file of the workspace, or one that is not saved yet. Throws
 * `invalidArgument` in words for a language whose habits are not known, and for code outside of the workspace.
 */
export async function findTestPlace(
  document: vscode.TextDocument,
): Promise<{ readonly uri: vscode.Uri; readonly framework: string }> {
  const folder = vscode.workspace.getWorkspaceFolder(document.uri);
  const globs = testGlobs(document.languageId);
  if (globs === undefined) {
    throw new EngineError(
      'invalidArgument',
      vscode.l10n.t('Paddock does not know where tests go in {0}.', document.languageId),
    );
  }
  if (folder === undefined) {
    throw new EngineError(
      'invalidArgument',
      vscode.l10n.t('Open the folder that this file belongs to, so that its tests have a place.'),
    );
  }
  const find = (glob: string, most: number): Thenable<vscode.Uri[]> =>
    vscode.workspace.findFiles(new vscode.RelativePattern(folder, glob), leftOut, most);
  const [tests, manifests] = await Promise.all([find(globs.tests, mostTests), find(globs.manifest, mostManifests)]);
  const inFolder = (uri: vscode.Uri): string => vscode.workspace.asRelativePath(uri, false);
  const texts = await Promise.all(manifests.map(readText));
  const sample = tests[0] === undefined ? '' : await readText(tests[0]);
  const others = tests.filter(({ path }) => path !== document.uri.path).map(inFolder);
  const files = { tests: others, manifest: texts.join('\n') };
  const place = testPlace(inFolder(document.uri), document.languageId, files, sample);
  if (place === undefined) throw new EngineError('invalidArgument', vscode.l10n.t('There is no place for tests.'));
  const file = vscode.Uri.joinPath(folder.uri, place.path);
  const exists = await vscode.workspace.fs.stat(file).then(
    () => true,
    () => false,
  );
  // A document with a path that is not saved: the file is made when the user saves it.
  return { uri: exists ? file : file.with({ scheme: 'untitled' }), framework: place.framework };
}

/** Empty when it cannot be read, or is no file to look into. */
async function readText(uri: vscode.Uri): Promise<string> {
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size > mostSampleBytes) return '';
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  } catch {
    return '';
  }
}
