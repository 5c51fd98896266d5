import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { identify, readModelFile } from '../server/lab/evaluate/identity.ts';
import type { ModelFile } from '../server/lab/evaluate/identity.ts';
import { summarizeDivergence } from '../server/lab/perplexity/divergence.ts';
import { perplexityPage, perplexityText } from '../server/lab/perplexity/report-html.ts';
import { measurePerplexity } from '../server/lab/perplexity/run.ts';
import { summarizePerplexity } from '../server/lab/perplexity/windows.ts';
import type { Session } from '../server/session.ts';
import { readInput } from './input.ts';
import { loadModel } from './model.ts';
import { checkPage, progressLog, resumable, statePath, withRemaining } from './reporting.ts';
import { UsageError, commonOptions, exactHelp, exactSpecs, requiredText, text, wholeNumber } from './verb.ts';
import type { CommonOptions, Terminal, Verb } from './verb.ts';

export const perplexity: Verb = {
  name: 'perplexity',
  usage: '--file F [--context 512] [--against BASE]',
  summary: 'perplexity of a text, and how far a model is from its base',
  givesWay: true,
  options: [
    ['--file F', 'the text; - is stdin'],
    ['--context N', 'tokens of a window, of which the second half counts; 512'],
    ['--against BASE', 'KL divergence from this model, which has the same vocabulary: what quantizing has changed'],
    ['--html FILE', 'the report as a page'],
    ['--state FILE', 'keeps results as they come, so that a stopped run goes on; beside the page if there is one'],
    ['--limit N', 'only the first N windows'],
    ...exactHelp,
  ],
  specs: {
    file: { type: 'string' },
    against: { type: 'string' },
    html: { type: 'string' },
    state: { type: 'string' },
    limit: { type: 'string' },
    ...exactSpecs,
  },
  run: async (terminal, values) => {
    const path = requiredText(values, 'file');
    const bytes = await readInput(path);
    const window = wholeNumber(values, 'context', 512);
    if (window < 64) {
      throw new UsageError('--context must be at least 64.');
    }
    const limit = values['limit'] === undefined ? undefined : wholeNumber(values, 'limit', 0);
    if (limit === 0) {
      throw new UsageError('--limit must be at least 1.');
    }
    const page = await checkPage(values);
    const state = statePath(values);
    const common = { ...commonOptions(values), contextLength: window };
    const against = text(values, 'against');
    const own = await open(terminal, common);
    const base =
      against === undefined ? undefined : await open(terminal, { ...common, model: against, adapter: undefined });
    const opened = base === undefined ? [own] : [own, base];
    const line = progressLog(terminal);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const tokens = await resumable(terminal, state, () =>
      measurePerplexity(
        {
          text: bytes,
          window,
          limit,
          state,
          engine: own.session.engine,
          base: base?.session.engine,
          identity: {
            kind: 'perplexity',
            version: 1,
            data: sha256,
            models: opened.map(({ file }) => file.sha256),
            context: window,
            compactCache: common.compactCache,
            ...(common.exact ? { exact: true } : {}),
          },
        },
        {
          signal: terminal.signal,
          onProgress: (done, total, seconds) => line.show(withRemaining(`window ${done + 1} of ${total}`, seconds)),
        },
      ),
    ).finally(() => line.clear());
    const report = {
      metric: 'perplexity/llama.cpp' as const,
      ...summarizePerplexity(tokens.nll),
      windows: tokens.windows,
      context: window,
      divergence: base === undefined ? undefined : summarizeDivergence(tokens),
      data: { name: basename(path), bytes: bytes.length, sha256, badLines: 0, tasks: 1 },
      engine: { version: own.session.version, abi: own.session.addon().abiVersion },
      seed: 0,
      models: opened.map(({ session, file }) =>
        identify(file, session.engine.model.info, session.addon().inspect(file.path)),
      ),
    };
    if (page !== undefined) {
      await writeFile(page, perplexityPage(report, tokens.kld));
    }
    terminal.out(values['json'] === true ? `${JSON.stringify(report)}\n` : perplexityText(report));
  },
};

async function open(terminal: Terminal, options: CommonOptions): Promise<{ session: Session; file: ModelFile }> {
  const session = await loadModel(terminal, options);
  const { name, path } = session.file;
  return { session, file: await readModelFile(name, path, terminal.signal) };
}
