/** The product's completion, and a plain one, with one loaded model. */
import { StepError, root } from '../../workbench/process.mjs';
import { bundled } from '../module.mjs';

const sources = [
  'extension/server/session.ts',
  'extension/server/host.ts',
  'extension/server/room/room.ts',
  'extension/server/complete/completer.ts',
  'extension/server/complete/fim-forms.ts',
  'extension/server/engine/generate.ts',
  'extension/server/engine/sampling.ts',
];
/** Of a plain answer. */
const mostTokens = 128;

/** @param {string} name A model's name or path; a `StepError` when it is not there. */
export async function openCompleter(name) {
  const product = await bundled(...sources);
  const options = { modelsFolder: undefined, threads: 0, contextLength: 0 };
  const { store, engine, syntax } = await product.createSession(
    product.createRoom(product.nodeHost(process, root)),
    options,
  );
  const { signal } = new AbortController();
  try {
    await engine.load(await store.resolve(name), { signal });
  } catch (error) {
    throw new StepError(`The model ${name} cannot be used: ${error.message}`);
  }
  /** Each gap is a document of its own: nothing is kept from the one before. */
  const ours = async (gap, room = engine) => {
    const { path, languageId, prefix, suffix, folder, others: recent } = gap;
    const params = { path, languageId, prefix, suffix, folder, recent, automatic: true };
    const completer = new product.Completer({ isSingle: true });
    const { completions, context } = await completer.complete({ engine: room, syntax }, params, signal);
    const [{ text, promptTokens, completionTokens, likelihood }] = completions;
    return { text, tokens: promptTokens + completionTokens, likelihood, places: context.length };
  };
  const plain = async (model, { prefix, suffix }) => {
    const prompt = product.FimPrompter.of(model)
      .prompt(prefix, suffix)
      .slice(-(model.info.contextLength - mostTokens));
    const sampler = product.completeSampler({}, product.editSampler);
    const { text, tokens } = await product.generate(model, { prompt, maxTokens: mostTokens, sampler }, { signal });
    return { text, tokens: prompt.length + tokens.length };
  };
  const withoutFiles = {
    run: (signal, job) => engine.run(signal, (model, either) => job(withoutFileTokens(model), either)),
  };
  const ways = {
    ours: (gap) => ours(gap),
    comments: (gap) => ours(gap, withoutFiles),
    alone: (gap) => ours({ ...gap, folder: undefined, others: [] }),
    plain: (gap) => engine.run(signal, (model) => plain(model, gap)),
  };
  const complete = (way, gap) => {
    const answer = ways[way];
    if (answer === undefined) throw new StepError(`Unknown way: ${way}. Known: ${Object.keys(ways).join(', ')}.`);
    return answer(gap);
  };
  const close = async () => {
    syntax.dispose();
    await engine.unload();
  };
  return { complete, close };
}

/** The model as one whose vocabulary has no token for files. */
function withoutFileTokens(model) {
  return {
    info: model.info,
    tokenize: (text, special) => model.tokenize(text, special),
    tokenId: (text) => (text.includes('file_sep') ? undefined : model.tokenId(text)),
    generate: (request, onEvent) => model.generate(request, onEvent),
  };
}
