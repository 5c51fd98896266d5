/** The adapter is merged into the model, and the model written in few bits. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabRelease } from '../../../protocol/lab.ts';
import { EngineError } from '../../engine/errors.ts';
import { settle } from '../../engine/generate.ts';
import { Remaining } from '../remaining.ts';
import { required } from './step.ts';
import type { LabStep } from './step.ts';
import { adapterOf } from './train-step.ts';

export type ReleaseResult = LabRelease & { readonly bitsPerWeight: number; readonly sourceBytes: number };

export const releaseStep: LabStep<ReleaseResult> = {
  name: 'release',
  inputs: async ({ session, project: { title, quantization } }, { train }) => {
    const types = session.addon().quantizeTypes;
    if (!types.includes(quantization)) {
      throw new EngineError(
        'invalidArgument',
        `The type of the finished model must be one of ${types.join(', ')}, not "${quantization}".`,
      );
    }
    return { trained: train?.id, name: fileName(title, quantization) };
  },
  run: async ({ session, project: { base, title, quantization } }, place, before, { signal, tell }) => {
    await mkdir(place.folder, { recursive: true });
    const path = join(place.folder, fileName(title, quantization));
    const remaining = new Remaining(1);
    remaining.start();
    let done = 0;
    const report = await settle(
      session
        .addon()
        .quantize(
          await session.store.resolve(base),
          adapterOf(required(before, 'train').folder),
          '',
          path,
          quantization,
          0,
          (fraction) => {
            remaining.add(fraction - done);
            done = fraction;
            tell({ words: 'merging and quantizing', fraction, remainingSeconds: remaining.seconds() });
          },
        ),
      signal,
    );
    const { bytes, sourceBytes, bitsPerWeight } = report;
    return { path, bytes, sourceBytes, bitsPerWeight, quantization };
  },
};

/** E.g. `my-assistant-q4_k_m.gguf`: what a chat shows as the model's name. */
export function fileName(title: string, quantization: string): string {
  const words = title
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/[^a-z0-9]+/gu, '-')
    .replaceAll(/^-|-$/gu, '');
  return `${words.slice(0, 60) || 'model'}-${quantization.toLowerCase()}.gguf`;
}
