import { EngineError } from '../server/engine/errors.ts';
import { settle } from '../server/engine/generate.ts';
import { priorities } from '../server/engine/scheduler.ts';
import { withBos } from '../server/prompt/encode.ts';
import { readInput } from './input.ts';
import { loadModel } from './model.ts';
import { progressLine } from './progress-line.ts';
import { UsageError, commonOptions, requiredText, wholeNumber } from './verb.ts';
import type { Verb } from './verb.ts';

export const perplexity: Verb = {
  name: 'perplexity',
  usage: '--file F [--context 512]',
  summary: 'perplexity of a text, in windows of which the second half counts',
  options: [
    ['--file F', 'the text; - is stdin'],
    ['--context N', 'tokens of a window; 512'],
  ],
  specs: { file: { type: 'string' } },
  run: async (terminal, values) => {
    const bytes = await readInput(requiredText(values, 'file'));
    const window = wholeNumber(values, 'context', 512);
    if (window < 8) {
      throw new UsageError('--context must be at least 8.');
    }
    const { engine } = await loadModel(terminal, { ...commonOptions(values), contextLength: window });
    const line = progressLine(terminal);
    const nll = await engine.run(priorities.interactive, terminal.signal, async (model, signal) => {
      const windows = cutWindows(
        withBos(model, model.tokenize(bytes, false)),
        window,
        model.info.addBos ? model.info.bosToken : undefined,
      );
      if (windows.length < 2) {
        throw new EngineError('invalidArgument', `The text is too short: at least ${2 * window} tokens are needed.`);
      }
      const scored: number[] = [];
      for (const [index, ids] of windows.entries()) {
        line.show(`window ${index + 1} of ${windows.length}`);
        scored.push(...(await settle(model.score(ids), signal)).slice(firstScored(window) - 1));
      }
      return scored;
    });
    line.clear();
    const result = summarize(nll);
    terminal.out(
      values['json'] === true
        ? `${JSON.stringify(result)}\n`
        : `perplexity ${result.perplexity.toFixed(4)} +/- ${result.stderr.toFixed(5)} over ${result.tokens} tokens\n`,
    );
  },
};

/** Whole windows of the text, the first token of each replaced by bos where the model wants one. */
export function cutWindows(ids: Int32Array, window: number, bos: number | undefined): Int32Array[] {
  return Array.from({ length: Math.floor(ids.length / window) }, (_, index) => {
    const cut = ids.slice(index * window, (index + 1) * window);
    if (bos !== undefined) {
      cut[0] = bos;
    }
    return cut;
  });
}

/** Position of the first token that counts: those before only give it context. */
function firstScored(window: number): number {
  return Math.floor(window / 2) + 1;
}

/** Perplexity with its standard error, from negative log-likelihoods in nats. */
export function summarize(nll: readonly number[]): { perplexity: number; stderr: number; tokens: number } {
  const tokens = nll.length;
  const mean = nll.reduce((sum, value) => sum + value, 0) / tokens;
  const square = nll.reduce((sum, value) => sum + value * value, 0) / tokens;
  const ppl = Math.exp(mean);
  const variance = Math.max(0, square - mean * mean);
  return { perplexity: ppl, stderr: Math.sqrt(variance / Math.max(1, tokens - 1)) * ppl, tokens };
}
