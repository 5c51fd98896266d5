/** `paddock complete --file F --offset N`: what the editor would show there. */
import { realpath } from 'node:fs/promises';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { Completer, isProbable } from '../server/complete/completer.ts';
import { EngineError } from '../server/engine/errors.ts';
import { pathExists } from '../server/path-exists.ts';
import { languageOf } from '../server/syntax/grammars.ts';
import { checkKind, readInput } from './input.ts';
import { loadModel } from './model.ts';
import { UsageError, commonOptions, requiredText, text, wholeNumber } from './verb.ts';
import type { OptionValues, Terminal } from './verb.ts';

export async function completeAt(terminal: Terminal, values: OptionValues): Promise<void> {
  const file = requiredText(values, 'file');
  const name = values['path'] === undefined ? file : requiredText(values, 'path');
  requiredText(values, 'offset');
  const offset = wholeNumber(values, 'offset', 0);
  const code = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await readInput(file));
  if (offset > code.length) {
    throw new UsageError(`--offset is ${offset}, and ${name} has ${code.length} UTF-16 units.`);
  }
  const [prefix, suffix] = [code.slice(0, offset), code.slice(offset)];
  const workspace = text(values, 'workspace');
  // A name that is made up stands in the workspace, a file where it is.
  const place = await placeOf(
    values['path'] === undefined ? resolve(file) : resolve(workspace ?? '.', name),
    workspace,
  );
  const session = await loadModel(terminal, commonOptions(values));
  const request = { ...place, languageId: languageOf(name), prefix, suffix, automatic: true };
  const completer = new Completer({ isSingle: true });
  const {
    completions: [completion],
    context,
  } = await completer.complete(session, request, terminal.signal);
  const result = { ...completion, shown: isProbable(completion), context };
  terminal.out(values['json'] === true ? `${JSON.stringify(result)}\n` : `${completion.text}\n`);
  if (completion.finishReason === 'cancelled') throw new EngineError('cancelled', 'Stopped.');
}

/** The file's path in its workspace: the given folder, else that of its repository, else its own. */
async function placeOf(file: string, workspace: string | undefined): Promise<{ path: string; folder: string }> {
  if (workspace !== undefined) await checkKind(workspace, 'folder');
  // The folder of text from stdin need not be there.
  const parent = await realpath(dirname(file)).catch(() => dirname(file));
  const folder = workspace === undefined ? await repositoryOf(parent) : await realpath(workspace);
  const path = relative(folder, resolve(parent, basename(file)));
  return { path: path.startsWith('..') ? file : path.replaceAll(sep, '/'), folder };
}

async function repositoryOf(folder: string): Promise<string> {
  for (let at = folder; ; at = dirname(at)) {
    if (await pathExists(resolve(at, '.git'))) return at;
    if (dirname(at) === at) return folder;
  }
}
