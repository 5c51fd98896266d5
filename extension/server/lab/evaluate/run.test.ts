import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../engine/engine.ts';
import type { NativeModel } from '../../engine/binding.ts';
import type { AnswerTask } from './answer-tasks.ts';
import { gtPpl } from './gt-ppl.ts';
import type { ModelIdentity } from './identity.ts';
import { evaluationPage } from './report-html.ts';
import { evaluationText } from './report-text.ts';
import { evaluate } from './run.ts';
import type { EvaluateOptions, Side } from './run.ts';

let folder = '';
let path = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paddock-evaluate-'));
  path = join(folder, 'tasks.jsonl');
  const tasks = ['one', 'two', 'three <b>', 'four'].map((id, index) => ({
    id,
    prompt: 'p',
    response: 'r'.repeat(index + 1),
  }));
  writeFileSync(path, `${tasks.map((task) => JSON.stringify(task)).join('\n')}\nnot a task\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A model whose perplexity of a task is the answer's length times `factor`. */
function side(name: string, factor: number, opened: string[] = []): Side {
  return {
    file: { name, path: `/${name}.gguf`, sha256: name },
    open: () => {
      opened.push(name);
      const model = { factor } as unknown as NativeModel;
      const engine = {
        runInBackground: (signal: AbortSignal, job: (m: NativeModel, s: AbortSignal) => unknown) => job(model, signal),
      };
      return Promise.resolve({
        engine: engine as unknown as Engine,
        identity: {
          name,
          file: `${name}.gguf`,
          sha256: name,
          parameters: 1,
          kernels: 'k',
          threads: 1,
        } as ModelIdentity,
      });
    },
    close: () => Promise.resolve(),
  };
}

const metric = {
  ...gtPpl,
  evaluate: (model: NativeModel, task: AnswerTask) =>
    Promise.resolve({
      raw: Math.log(task.answer.length * (model as unknown as { factor: number }).factor),
      tokens: task.answer.length,
    }),
};

function options(more: Partial<EvaluateOptions<AnswerTask>> = {}): EvaluateOptions<AnswerTask> {
  return {
    path,
    metrics: [metric],
    sides: [side('small', 1), side('large', 2)],
    engine: { version: '1', abi: 4 },
    seed: 42,
    limit: undefined,
    settings: {},
    state: undefined,
    ...more,
  };
}
const hooks = () => ({ signal: new AbortController().signal });

describe('an evaluation', () => {
  test('reports both models and the pairs', async () => {
    const report = await evaluate(options(), hooks());
    const [found] = report.metrics;
    expect(report.data).toMatchObject({ name: 'tasks.jsonl', tasks: 4, badLines: 1 });
    expect(
      found?.sides.map(({ median, mean, tokens }) => [median, mean, tokens].map((x) => Number(x.toFixed(9)))),
    ).toEqual([
      [2.5, 2.5, 10],
      [5, 5, 10],
    ]);
    expect(found?.paired).toMatchObject({ wins: 4, losses: 0, p: 0.125 });
    expect(found?.dominance?.lower).toBe('first');
    expect(evaluationText(report)).toContain('the first is better on 4, worse on 0');
  });

  test('goes on where it was stopped, and gives the same report', async () => {
    const state = join(folder, 'state.jsonl');
    const stop = new AbortController();
    const stopping = {
      ...metric,
      evaluate: (model: NativeModel, task: AnswerTask) => {
        if (task.id === 'three <b>') stop.abort();
        stop.signal.throwIfAborted();
        return metric.evaluate(model, task);
      },
    };
    await expect(evaluate(options({ state, metrics: [stopping] }), { signal: stop.signal })).rejects.toThrow();
    expect(readFileSync(state, 'utf8').trim().split('\n')).toHaveLength(3);
    let evaluated = 0;
    const counting = {
      ...metric,
      evaluate: (...args: Parameters<typeof metric.evaluate>) => (evaluated++, metric.evaluate(...args)),
    };
    const resumed = await evaluate(options({ state, metrics: [counting] }), hooks());
    expect(evaluated).toBe(6);
    expect(resumed).toEqual(await evaluate(options(), hooks()));
    await expect(evaluate(options({ state, seed: 7 }), hooks())).rejects.toThrow('another run: seed differ');
  });

  test('one model and the first tasks only', async () => {
    const report = await evaluate(options({ sides: [side('small', 1)], limit: 2 }), hooks());
    expect(report.metrics[0]).toMatchObject({ paired: undefined, dominance: undefined });
    expect(report.metrics[0]?.tasks).toHaveLength(2);
  });

  test('says when the file has no tasks', async () => {
    const empty = join(folder, 'empty.jsonl');
    writeFileSync(empty, '{"a":1}\n');
    await expect(evaluate(options({ path: empty }), hooks())).rejects.toThrow('has no readable task');
  });
});

describe('the page', () => {
  test('stands alone: no script, nothing fetched, texts escaped, every plot with words and numbers', async () => {
    const page = evaluationPage(await evaluate(options({ sides: [side('a<script>', 1), side('large', 2)] }), hooks()));
    expect(page).toContain("default-src 'none'; style-src 'sha256-");
    expect(page).not.toMatch(/<script|\bsrc=|href=|url\(|\bstyle="|NaN|undefined|three <b>/u);
    const plots = page.match(/<svg[\s\S]*?<\/svg>/gu) ?? [];
    expect(plots).toHaveLength(3);
    for (const plot of plots) {
      expect(plot).toMatch(
        /role="img"\s+aria-labelledby="(\S+) (\S+)"\s*>\s*<title id="\1">[^<]+<\/title>\s*<desc id="\2">[^<]+<\/desc>/u,
      );
    }
    expect(page.match(/<details>/gu)).toHaveLength(3);
    expect(page).toContain('prefers-color-scheme: dark');
  });
});
