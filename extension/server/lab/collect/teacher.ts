/** The teacher model, and its description for the records. */
import type { Session } from '../../session.ts';
import { chatSampler } from '../../engine/sampling.ts';
import type { Engine } from '../../engine/engine.ts';
import { identify, readModelFile } from '../evaluate/identity.ts';

export interface Teacher {
  readonly engine: Engine;
  readonly sha256: string;
  readonly record: Readonly<Record<string, string | number>>;
}

/** `session` has the model of `path` loaded. */
export async function describeTeacher(
  session: Session,
  { name, path }: { readonly name: string; readonly path: string },
  signal: AbortSignal,
): Promise<Teacher> {
  const file = await readModelFile(name, path, signal);
  const { quantization, template } = identify(file, session.engine.model.info, session.addon().inspect(path));
  const record = {
    model: file.name,
    model_sha256: file.sha256,
    quantization,
    template,
    top_k: chatSampler.topK,
    top_p: chatSampler.topP,
    min_p: chatSampler.minP,
    repetition_penalty: chatSampler.repetitionPenalty,
    engine: session.version,
  };
  return { engine: session.engine, sha256: file.sha256, record };
}
