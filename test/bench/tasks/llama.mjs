/** The plain prompt answered by llama.cpp, greedy, as node-llama-cpp has it built. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { StepError } from '../../workbench/process.mjs';
import { listModels } from '../../workbench/models.mjs';
import { installNodeLlama } from '../engines.mjs';

const contextSize = 8192;
const longestAnswer = 2048;

/**
 * @param {string} name A model of the catalogue that is there; its template must be ChatML.
 * @param {number} threads 0 = one for each CPU.
 */
export async function openLlama(name, threads) {
  const path = listModels().find(({ id }) => id === name)?.path;
  if (path === undefined) throw new StepError(`The model ${name} is not there.`);
  const require = createRequire(join(await installNodeLlama(), 'package.json'));
  const { getLlama } = await import(pathToFileURL(require.resolve('node-llama-cpp')).href);
  const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error' });
  const model = await llama.loadModel({ modelPath: path });
  const context = await model.createContext({
    contextSize,
    flashAttention: true,
    threads: threads || availableParallelism(),
  });
  const sequence = context.getSequence();
  const ask = async (question) => {
    await sequence.clearHistory();
    // The system message that the template of Qwen adds by itself.
    const system = 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.';
    const prompt = `<|im_start|>system\n${system}<|im_end|>\n<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;
    const tokens = [];
    for await (const token of sequence.evaluate(model.tokenize(prompt, true), { temperature: 0 })) {
      if (model.isEogToken(token) || tokens.length === longestAnswer) break;
      tokens.push(token);
    }
    return model.detokenize(tokens);
  };
  return { ask, close: () => llama.dispose() };
}
