/** Answers Edit. */
import type { EditParams, EditPart, EditResult } from '../../protocol/server.ts';
import { stoppedBeforeStart } from '../chat/chat.ts';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/errors.ts';
import type { Syntax } from '../syntax/syntax.ts';
import { EditStream } from './edit-stream.ts';
import { findTarget } from './edit-target.ts';

/**
 * Generates a replacement for the selected code. When it was cancelled it is incomplete, and the client must not offer
 * it. Throws `noModel`, `promptTooLong`, `templateFailed`, and `invalidArgument` when there is nothing to change or no
 * answer that can be offered.
 */
export async function answerEdit(
  { engine, syntax }: { readonly engine: Engine; readonly syntax: Syntax },
  params: EditParams,
  signal: AbortSignal,
  send: (part: EditPart) => void,
): Promise<EditResult> {
  const { contextLength } = engine.chosen;
  const stream = new EditStream(send);
  // Edits are rarer than chats, so their part is not read at the start.
  const { Attempts } = await import('./attempts.ts');
  const target = await findTarget(syntax, params);
  stream.range(target.start, target.end);
  try {
    return await engine.run(signal, (model, jobSignal) =>
      new Attempts({ model, syntax, params, target, stream, signal: jobSignal }).run(),
    );
  } catch (error) {
    if (EngineError.is(error, 'cancelled')) {
      const { start, end } = target;
      const nothing = { start, end, replacement: '', syntax: { kind: 'unchecked' }, repaired: false } as const;
      return { ...stoppedBeforeStart(contextLength), ...nothing, dropped: 0 };
    }
    throw error;
  }
}
