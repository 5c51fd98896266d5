/** The product's completion, and a plain one, with one loaded model. */
import { StepError, root } from '../../workbench/process.mjs';
import { bundled } from '../module.mjs';

const sources = [
  'extension/server/session.ts',
  'extension/server/host.ts',
  'extension/server/room/room.ts',
  'extension/server/complete/completion.ts',
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
  const ours = async (model, { path, languageId, prefix, suffix }, others) => {
    const request = { path, languageId, prefix, suffix, others };
    const { text, promptTokens, completionTokens, likelihood } = await product.completeCode(model, request, signal);
    return { text, tokens: promptTokens + completionTokens, likelihood };
  };
  const plain = async (model, { prefix, suffix }) => {
    const prompt = product.FimPrompter.of(model)
      .prompt(prefix, suffix)
      .slice(-(model.info.contextLength - mostTokens));
    const sampler = product.completeSampler({}, product.editSampler);
    const { text, tokens } = await product.generate(model, { prompt, maxTokens: mostTokens, sampler }, { signal });
    return { text, tokens: prompt.length + tokens.length };
  };
  const ways = {
    ours: (model, gap) => ours(model, gap, gap.others),
    alone: (model, gap) => ours(model, gap, []),
    plain,
  };
  const complete = (way, gap) => {
    const answer = ways[way];
    if (answer === undefined) throw new StepError(`Unknown way: ${way}. Known: ${Object.keys(ways).join(', ')}.`);
    return engine.run(signal, (model) => answer(model, gap));
  };
  const close = async () => {
    syntax.dispose();
    await engine.unload();
  };
  return { complete, close };
}
