import { basename } from 'node:path';
import { EngineError } from '../server/engine/errors.ts';
import { mergedModel } from '../server/models/merged.ts';
import type { Session } from '../server/session.ts';
import { checkKind } from './input.ts';
import { progressLine } from './progress-line.ts';
import type { CommonOptions, Terminal } from './verb.ts';

export interface NamedFile {
  readonly name: string;
  readonly path: string;
}

/** Opens a session and loads the requested model, with progress on stderr. Also returns the file and the load time. */
export async function loadModel(
  terminal: Terminal,
  options: CommonOptions,
): Promise<Session & { readonly file: NamedFile; readonly loadMs: number }> {
  return loadIn(terminal, await terminal.session(options), options);
}

/** The same in a session that is open. */
export async function loadIn(
  terminal: Terminal,
  session: Session,
  options: CommonOptions,
): Promise<Session & { readonly file: NamedFile; readonly loadMs: number }> {
  const file = await modelFile(terminal, session, options);
  const line = progressLine(terminal);
  const start = performance.now();
  try {
    await session.engine.load(file.path, {
      signal: terminal.signal,
      onProgress: (fraction) => line.show(`loading ${Math.floor(fraction * 100)} %`),
    });
  } finally {
    line.clear();
  }
  return { ...session, file, loadMs: performance.now() - start };
}

/** The requested model, merged with the requested adapter. */
export async function modelFile(
  terminal: Terminal,
  session: Session,
  { model, adapter }: Pick<CommonOptions, 'model' | 'adapter'>,
): Promise<NamedFile> {
  const { name, path } = await modelPath(session, model);
  if (adapter === undefined) {
    return { name, path };
  }
  await checkKind(adapter, 'file');
  const line = progressLine(terminal);
  try {
    const merged = await mergedModel(
      session.addon(),
      { model: path, adapter, folder: session.mergedFolder },
      {
        signal: terminal.signal,
        onProgress: (fraction) => line.show(`merging the adapter ${Math.floor(fraction * 100)} %`),
      },
    );
    return { name: `${name} with ${basename(adapter)}`, path: merged };
  } finally {
    line.clear();
  }
}

/** The file of the named model, or of the recommended one. Throws `noModel`, `notFound`. */
export async function modelPath({ store }: Pick<Session, 'store'>, model: string | undefined): Promise<NamedFile> {
  const name = model ?? (await store.defaultModel());
  if (name === undefined) {
    throw new EngineError(
      'noModel',
      'No model is installed. Get one with "paddock models get NAME"; "paddock models list" shows the names.',
    );
  }
  return { name, path: await store.resolve(name) };
}
