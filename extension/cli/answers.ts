/** Who answers the terminal's questions: the engine of the editor if it has the model in memory, else its own. */
import { answerChat } from '../server/chat/chat.ts';
import { loadModel, modelFile } from './model.ts';
import { commonOptions } from './verb.ts';
import type { CommonOptions, OptionValues, Terminal } from './verb.ts';

export interface Answers {
  readonly modelName: string;
  readonly chat: (
    params: Parameters<typeof answerChat>[1],
    signal: AbortSignal,
    send: Parameters<typeof answerChat>[3],
  ) => ReturnType<typeof answerChat>;
  close(): void;
}

export async function openAnswers(terminal: Terminal, values: OptionValues): Promise<Answers> {
  const options = commonOptions(values);
  if (!asksForAnEngine(options)) {
    const session = await terminal.session(options);
    const { path } = await modelFile(terminal, session, options);
    // Read when it is needed: most runs find no room.
    const { joinRoom } = await import('../server/room/room-answers.ts');
    const room = await joinRoom(session.host, session.version, path);
    if (room !== undefined) return room;
  }
  const { engine } = await loadModel(terminal, options);
  return {
    modelName: engine.info?.name ?? 'model',
    chat: (params, signal, send) => answerChat(engine, params, signal, send),
    close: () => {},
  };
}

/** Whether the user wants the model loaded in a certain way. */
function asksForAnEngine({ threads, contextLength, cache, cacheFolder, compactCache, polite, adapter }: CommonOptions) {
  return (
    threads !== 0 ||
    contextLength !== 0 ||
    !cache ||
    cacheFolder !== undefined ||
    compactCache ||
    polite ||
    adapter !== undefined
  );
}
