/** The product's edits and answers with one loaded model. */
import { StepError, root } from '../../workbench/process.mjs';
import { greedySampling } from '../../workbench/models.mjs';
import { bundled } from '../module.mjs';

const sources = [
  'extension/server/session.ts',
  'extension/server/host.ts',
  'extension/server/room/room.ts',
  'extension/server/edit/edit.ts',
  'extension/server/chat/chat.ts',
  'extension/server/engine/errors.ts',
];

/**
 * @param {string} name A model's name or path; a `StepError` when it is not there.
 * @param {number} threads 0 = the engine chooses.
 */
export async function openProduct(name, threads) {
  const { createSession, createRoom, nodeHost, answerEdit, answerChat, EngineError } = await bundled(...sources);
  const options = { modelsFolder: undefined, threads, contextLength: 0 };
  const { store, engine, syntax } = await createSession(createRoom(nodeHost(process, root)), options);
  const { signal } = new AbortController();
  try {
    await engine.load(await store.resolve(name), { signal });
  } catch (error) {
    throw new StepError(`The model ${name} cannot be used: ${error.message}`);
  }
  /** As the editor proposes it, for the whole file or a part. A refusal is an answer; other errors end the run. */
  const edit = async ({ file, languageId, text, instruction, kind = 'rewrite', start = 0, end = text.length }) => {
    const params = { kind, instruction, path: file, languageId, text, start, end, diagnostics: [] };
    try {
      const result = await answerEdit({ engine, syntax }, params, signal, () => {});
      const changed = text.slice(0, result.start) + result.replacement + text.slice(result.end);
      return { text: changed, syntax: result.syntax.kind, repaired: result.repaired };
    } catch (error) {
      if (!EngineError.is(error, 'invalidArgument') && !EngineError.is(error, 'promptTooLong')) throw error;
      return { text, refused: error.message };
    }
  };
  const ask = async (content) => {
    const params = { messages: [{ role: 'user', content }], sampler: greedySampling };
    return (await answerChat(engine, params, signal, () => {})).text;
  };
  const faults = async (languageId, text) => (await syntax.faults(languageId, text))?.length;
  const close = async () => {
    syntax.dispose();
    await engine.unload();
  };
  return { edit, ask, faults, close };
}
