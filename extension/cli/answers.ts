/** Who answers the terminal's questions: the engine of the editor if it has the model in memory, else its own. */
import { answerChat } from '../server/chat/chat.ts';
import type { Answers } from '../server/room/room-answers.ts';
import { loadIn, modelFile } from './model.ts';
import { commonOptions } from './verb.ts';
import type { CommonOptions, OptionValues, Terminal } from './verb.ts';

export async function openAnswers(terminal: Terminal, values: OptionValues): Promise<Answers> {
  const options = commonOptions(values);
  const session = await terminal.session(options);
  if (!asksForAnEngine(options)) {
    const { path } = await modelFile(terminal, session, options);
    // Read when it is needed: most runs find no room.
    const { joinRoom } = await import('../server/room/room-answers.ts');
    const room = await joinRoom(session.host, session.version, path);
    if (room !== undefined) return room;
  }
  const { engine } = await loadIn(terminal, session, options);
  return {
    modelName: engine.info?.name ?? 'model',
    chat: (...asked) => answerChat(engine, ...asked),
    count: (text) => Promise.resolve(engine.model.tokenize(text, false).length),
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
