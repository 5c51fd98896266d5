import type { Session } from '../../session.ts';
import { identify, readModelFile } from './identity.ts';
import type { Side } from './run.ts';

/** A model file as one side of an evaluation. `show` gets the progress before the first task. */
export async function modelSide(
  session: Session,
  { name, path }: { readonly name: string; readonly path: string },
  signal: AbortSignal,
  show: (words: string) => void,
): Promise<Side> {
  show(`reading ${name}`);
  const file = await readModelFile(name, path, signal);
  return {
    file,
    open: async () => {
      await session.engine.load(path, {
        signal,
        onProgress: (fraction) => show(`loading ${file.name} ${Math.floor(fraction * 100)} %`),
      });
      return {
        engine: session.engine,
        identity: identify(file, session.engine.model.info, session.addon().inspect(path)),
      };
    },
    close: () => session.engine.unload(),
  };
}
