import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { greedySampling, listModels, testModels } from '../workbench/models.mjs';

const here = new URL('./', import.meta.url);
const root = new URL('../../', import.meta.url);
const addonPath = new URL(`dist/native/${process.platform}-${process.arch}/paddock.node`, root);
const addon = createRequire(import.meta.url)(addonPath.pathname);
const cli = new URL('dist/cli.js', root).pathname;
const entries = listModels();

/**
 * Two right implementations do not agree in every bit: int8 activations turn the last bit of a float into a whole step
 * here and there. How far that goes is measured on the reference itself (`spread`, see record.py); we may not be
 * farther from it than it is from itself.
 */
const tolerance = 1.15;
/** The part of all choices that may be such ties. */
const mostTies = 0.05;
/** Below this margin between the two best logits greedy decoding may always differ. */
const leastMargin = 0.1;

/** Where no activation is int8, nothing amplifies the last bit. In nats. */
const exactTolerance = 0.002;
const exactMargin = 0.02;

/** So few tokens that the slowest kernels have done with them in seconds; a mean over them moves more. */
const few = { tokens: 96, prompts: 3, tolerance: 1.5 };

const recordings = new URL('recorded/', import.meta.url);
for (const file of readdirSync(recordings)) {
  const name = file.replace('.json', '');
  const recorded = JSON.parse(readFileSync(new URL(file, recordings), 'utf8'));
  void describe(name, () => {
    let model;
    before(async () => (model = await load(name, { contextLength: 2304 })));
    after(() => model?.unload());

    void test(`token ids of ${recorded.texts.length} texts are identical`, () => {
      assert.ok(recorded.texts.length >= 200);
      for (const { bytes, plain, special } of recorded.texts) {
        const text = Buffer.from(bytes, 'base64');
        assert.deepEqual([...model.tokenize(text, false)], plain, JSON.stringify(text.toString()));
        assert.deepEqual(
          [...model.tokenize(text, true)],
          special,
          `with control tokens: ${JSON.stringify(text.toString())}`,
        );
      }
    });

    void test('negative log-likelihoods agree', async (t) => {
      assert.ok(recorded.score.nll.length >= 2000);
      const { difference, ratio } = await compareLikelihoods(model, recorded.score, t);
      assert.ok(
        difference < tolerance * recorded.spread.nll,
        `mean absolute difference ${difference}, the reference's own is ${recorded.spread.nll}`,
      );
      assert.ok(Math.abs(ratio - 1) < 0.002, `mean ratio ${ratio}`);
    });

    void test('greedy continuations agree where the reference is sure', async (t) => {
      await compareChoices(model, sureFrom(recorded), recorded.greedy, t);
    });

    void describe('where no activation is rounded', () => {
      let exact;
      before(async () => (exact = await load(name, { contextLength: 2304, exact: true })));
      after(() => exact?.unload());

      void test('negative log-likelihoods agree closely', async (t) => {
        assert.ok(exact.info.exact);
        const { ids } = recorded.score;
        const { difference, ratio } = await compareLikelihoods(exact, { ids, nll: recorded.exact.nll }, t);
        assert.ok(difference < exactTolerance, `mean absolute difference ${difference}`);
        assert.ok(Math.abs(ratio - 1) < 0.0002, `mean ratio ${ratio}`);
      });

      void test('greedy continuations agree but for ties', async (t) => {
        await compareChoices(exact, exactMargin, recorded.exact.greedy, t);
      });
    });
  });
}

// Which kernels run is the machine's choice; those that it did not choose must be right as well. A forced table is the
// only
// one: all above ran with it.
const forced = process.env['PADDOCK_KERNELS'];
const [chosen, ...others] = forced === undefined ? addon.systemInfo().availableKernels : [forced];
void describe(`beside ${chosen}`, () => {
  const [name] = testModels;
  const recorded = JSON.parse(readFileSync(new URL(`${name}.json`, recordings), 'utf8'));
  for (const kernels of others) {
    void test(kernels, async (t) => {
      const model = await load(name, { contextLength: 512, kernels });
      assert.equal(model.info.kernels, kernels);
      const score = { ids: recorded.score.ids.slice(0, few.tokens + 1), nll: recorded.score.nll.slice(0, few.tokens) };
      const { difference } = await compareLikelihoods(model, score, t);
      assert.ok(difference < few.tolerance * recorded.spread.nll, `mean absolute difference ${difference}`);
      await compareChoices(model, sureFrom(recorded), recorded.greedy.slice(0, few.prompts), t);
      await model.unload();
    });
  }
});

/** What a verb of the terminal program says with --json. */
function paddock(...args) {
  return JSON.parse(execFileSync(process.execPath, [cli, ...args, '--json'], { encoding: 'utf8' }));
}

async function load(name, options) {
  const entry = entries.find(({ id }) => id === name);
  assert.ok(entry?.path, `${name} is not there: run \`node dist/cli.js models get ${name}\``);
  return addon.loadModel(entry.path, options, () => {}).result;
}

/** How far apart likelihoods are: the mean of the absolute differences in nats, and the ratio of the means. */
async function compareLikelihoods(model, { ids, nll }, t) {
  const ours = await model.score(Int32Array.from(ids)).result;
  const mean = (values) => values.reduce((sum, x) => sum + x, 0) / values.length;
  const difference = mean(nll.map((x, i) => Math.abs(x - ours[i])));
  const ratio = mean([...ours]) / mean(nll);
  t.diagnostic(
    `${nll.length} tokens: mean absolute difference ${difference.toFixed(5)} nats, mean ${((ratio - 1) * 100).toFixed(4)} % off`,
  );
  return { difference, ratio };
}

/** The margin from which on two engines that round activations must choose the same. */
function sureFrom({ spread }) {
  return Math.max(leastMargin, spread.margin);
}

/**
 * Fails where another token was chosen although the reference was sure, or in too many places where it was not. All
 * continuations are asked for at once: they share passes, which read the weights once for several tokens and change no
 * bit (native/tests/generation_test.cc).
 */
async function compareChoices(model, leastSure, continuations, t) {
  const counts = await Promise.all(continuations.map((one) => countTies(model, leastSure, one)));
  const ties = counts.reduce((sum, count) => sum + count, 0);
  const choices = continuations.reduce((sum, { tokens }) => sum + tokens.length, 0);
  t.diagnostic(`${ties} near ties of ${choices} choices went the other way`);
  assert.ok(ties <= mostTies * choices, `${ties} of ${choices} choices differ`);
}

async function countTies(model, leastSure, { prompt, ids, tokens, margins }) {
  let ties = 0;
  for (let at = 0; at < tokens.length;) {
    const ours = await greedy(model, [...ids, ...tokens.slice(0, at)], tokens.length - at);
    const same = ours.findIndex((token, i) => token !== tokens[at + i]);
    if (same === -1) break;
    at += same;
    assert.ok(
      margins[at] <= leastSure,
      `${JSON.stringify(prompt)} differs at ${at}, where the margin is ${margins[at]}`,
    );
    ties += 1;
    at += 1; // go on behind the tie, on the reference's own text
  }
  return ties;
}

async function greedy(model, prompt, maxTokens) {
  const request = {
    ...greedySampling,
    prompt: Int32Array.from(prompt),
    maxTokens,
    stop: [],
    stopTokens: [],
    ignoreEnd: true,
  };
  return [...(await model.generate(request, () => {}).result).tokens];
}

/**
 * Perplexity and divergence of whole models, as perplexity.py recorded them. Where nothing is rounded on the way, four
 * digits agree. The engine as it chats multiplies quantized weights with int8 activations, which moves the third.
 */
void describe('perplexity and divergence', () => {
  const recorded = JSON.parse(readFileSync(new URL('perplexity.json', here), 'utf8'));
  const within = (ours, theirs, share) =>
    assert.ok(Math.abs(ours / theirs - 1) < share, `${ours} is not within ${share * 100} % of ${theirs}`);
  let folder, base, model;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'paddock-oracle-'));
    [base, model] = [join(folder, 'f16.gguf'), join(folder, 'q4_0.gguf')];
    paddock('quantize', recorded.model, '--type', 'F16', '--out', base);
    paddock('quantize', recorded.model, '--type', 'Q4_0', '--out', model);
  });
  after(() => rmSync(folder, { recursive: true }));

  const measure = (t, theirs, ...options) => {
    const file = new URL('score.txt', here).pathname;
    const report = paddock('perplexity', '--file', file, '--model', model, '--against', base, ...options);
    const { tokens, perplexity, divergence } = report;
    t.diagnostic(
      `base ${divergence.basePerplexity} and ${theirs.base}, Q4_0 ${perplexity} and ${theirs.perplexity}, KLD ${divergence.kld.value} and ${theirs.kld}`,
    );
    assert.equal(tokens, recorded.tokens);
    return report;
  };

  void test('agree to four digits where no activation is rounded', (t) => {
    const theirs = recorded.exact;
    const { models, perplexity, divergence } = measure(t, theirs, '--exact');
    assert.deepEqual(
      models.map(({ activations }) => activations),
      ['f32', 'f32'],
    );
    within(divergence.basePerplexity, theirs.base, 5e-5);
    within(perplexity, theirs.perplexity, 5e-5);
    within(divergence.kld.value, theirs.kld, 1e-4);
    within(divergence.deltaP.rms.value, theirs.rms, 1e-3);
    // Quantiles of 1,530 tokens lie on a few of them.
    within(divergence.kld.median, theirs.median, 5e-3);
    within(divergence.kld.p99, theirs.p99, 5e-3);
    assert.ok(Math.abs(divergence.sameTop.value - theirs.sameTop) < 0.002);
  });

  void test('agree to two digits where they are', (t) => {
    const theirs = recorded.rounded;
    const { models, perplexity, divergence } = measure(t, theirs);
    assert.deepEqual(
      models.map(({ activations }) => activations),
      ['int8', 'f32'],
    );
    within(divergence.basePerplexity, theirs.base, 1e-4);
    within(perplexity, theirs.perplexity, 0.01);
    within(divergence.kld.value, theirs.kld, 0.01);
    // Quantiles of 1,530 tokens lie on a few of them.
    within(divergence.kld.median, theirs.median, 0.06);
    within(divergence.kld.p99, theirs.p99, 0.1);
    within(divergence.deltaP.rms.value, theirs.rms, 0.03);
    assert.ok(Math.abs(divergence.sameTop.value - theirs.sameTop) < 0.02);
  });
});
