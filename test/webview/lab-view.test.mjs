/** The built page of the lab in a real browser: what a person sees and does. Needs `npm run build` and Chromium. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHarness } from './harness.mjs';
import * as states from './lab-states.mjs';

let harness;
before(async () => {
  harness = await startHarness();
});
after(() => harness.stop());

/** Opens a state, runs the check, and fails on any error in the page: a breach of its policy is one. */
function viewTest(name, state, check, options = {}) {
  void test(name, async () => {
    const view = await harness.open(state, { name: 'lab', width: 800, ...options });
    try {
      await check(view);
      assert.deepEqual(view.errors, []);
    } finally {
      await view.close();
    }
  });
}

const lastRequest = async (view) => (await view.requests()).at(-1);
const step = (view, name) => view.page.getByTestId(`step-${name}`);

viewTest('five steps stand in their order', states.empty, async (view) => {
  assert.deepEqual(await view.page.locator('.step h2').allInnerTexts(), [
    'Data',
    'Funnel',
    'Training',
    'Release',
    'Comparison',
  ]);
});

viewTest('a project without data says what to do, and does not start', states.empty, async (view) => {
  assert.ok(await view.page.getByTestId('next').isDisabled());
  assert.match(await view.page.getByTestId('next-line').innerText(), /Add questions with answers/);
  await view.page.getByTestId('add-records').click();
  assert.deepEqual(await lastRequest(view), { method: 'lab/add', params: { list: 'records' } });
});

viewTest('Start starts, and says what comes first', states.chosenData, async (view) => {
  const next = view.page.getByTestId('next');
  assert.equal((await next.innerText()).trim(), 'Start');
  assert.match(await view.page.getByTestId('next-line').innerText(), /^Next: a model on this computer answers/);
  await next.click();
  assert.deepEqual(await lastRequest(view), { method: 'lab/start', params: {} });
});

viewTest('every choice is sent as it is made', states.chosenData, async (view) => {
  const { page } = view;
  await page.getByTestId('base').selectOption('qwen2.5-coder-1.5b-instruct');
  await page.getByTestId('teacher').selectOption('');
  await page.getByTestId('preset').selectOption('gpt4all-2023');
  await page.getByTestId('quantization').selectOption('Q8_0');
  await page.getByTestId('dropRecommended').check();
  await page.getByTestId('limit').fill('50');
  await page.getByTestId('title').fill('Soup');
  await page.getByTestId('title').press('Tab');
  await page.getByRole('button', { name: 'Remove recipes.parquet' }).click();
  assert.deepEqual(
    (await view.requests()).map(({ params }) => params),
    [
      { field: 'base', text: 'qwen2.5-coder-1.5b-instruct' },
      { field: 'teacher', text: '' },
      { field: 'preset', text: 'gpt4all-2023' },
      { field: 'quantization', text: 'Q8_0' },
      { field: 'dropRecommended', on: true },
      { field: 'limit', number: 50 },
      { field: 'title', text: 'Soup' },
      { field: 'remove', list: 'records', text: '/home/ada/downloads/cooking/recipes.parquet' },
    ],
  );
});

viewTest('what cannot be is not sent: the value before comes back', states.chosenData, async (view) => {
  const { page } = view;
  await page.getByTestId('limit').fill('-3');
  await page.getByTestId('title').fill(' ');
  await page.getByTestId('title').press('Tab');
  assert.equal(await page.getByTestId('limit').inputValue(), '200');
  assert.equal(await page.getByTestId('title').inputValue(), 'Kitchen helper');
  assert.deepEqual(await view.requests(), []);
});

viewTest('a model that is gone is named, and the project waits', states.chosenData, async (view) => {
  const [small] = states.chosenData.models;
  await view.change({ kind: 'models', models: [small], inUse: false });
  await step(view, 'collect').getByText('The model to train is not on this computer.').waitFor();
  assert.equal(await view.page.getByTestId('base').inputValue(), 'smollm2-135m-instruct');
  assert.ok(await view.page.getByTestId('next').isDisabled());
});

viewTest('a run shows how far it is, and stops', states.running, async (view) => {
  const { page } = view;
  const progress = page.getByTestId('progress');
  assert.match(await progress.innerText(), /Training: step 412 of 882, 187 tokens per second\s+24 min left/);
  assert.equal(await progress.getByRole('progressbar').evaluate((bar) => bar.value), 0.467);
  assert.equal(await step(view, 'train').getAttribute('data-status'), 'running');
  assert.equal(await page.getByTestId('announcement').innerText(), 'Training: Running');
  await page.getByTestId('next').click();
  assert.deepEqual(await lastRequest(view), { method: 'lab/stop', params: undefined });
  await view.change({ kind: 'run', run: { ...states.running.run, stopping: true } });
  await page.getByTestId('progress').getByText('Stopping…').waitFor();
  assert.ok(await page.getByTestId('next').isDisabled());
});

viewTest('the curve grows with the points that come', states.running, async (view) => {
  const chart = view.page.getByTestId('loss-chart');
  const looks = () => chart.locator('circle').count();
  assert.equal(await looks(), 4);
  const { progress } = states.running.run;
  await view.change({ kind: 'progress', progress: { ...progress, points: [{ step: 413, loss: 1.41 }] } });
  await view.change({ kind: 'progress', progress: { ...progress, points: [{ step: 413, validLoss: 1.47 }] } });
  await view.page.getByText('Validation loss 2.353 → 1.470').waitFor();
  assert.equal(await looks(), 5);
  assert.match(await chart.getAttribute('aria-label'), /Training loss from .* Validation loss from 2\.35 to 1\.47\./);
});

viewTest('the screen reader hears steps, not percents', states.running, async (view) => {
  const { page } = view;
  await page.evaluate(() => {
    globalThis.heard = [];
    new MutationObserver(() =>
      globalThis.heard.push(document.querySelector('[data-testid=announcement]').textContent),
    ).observe(document.querySelector('[data-testid=announcement]'), {
      childList: true,
      characterData: true,
      subtree: true,
    });
  });
  const { progress } = states.running.run;
  for (const fraction of [0.5, 0.6, 0.7]) {
    await view.change({ kind: 'progress', progress: { ...progress, fraction, words: `${fraction}` } });
  }
  await page.getByText('Training: 0.7').waitFor();
  await view.change({ kind: 'progress', progress: { ...progress, step: 'release', words: 'merging' } });
  await page.getByText('Release: merging').waitFor();
  assert.deepEqual([...new Set(await page.evaluate(() => globalThis.heard))], ['Release: Running']);
});

viewTest('a run that waits for the chat says so', states.running, async (view) => {
  await view.change({ kind: 'run', run: { ...states.running.run, paused: true } });
  await view.page.getByTestId('progress').getByText('Waiting while the chat answers').waitFor();
});

viewTest('a source that is dropped makes the step outdated, and it says so', states.done, async (view) => {
  const row = view.page.getByTestId('sources').getByRole('row', { name: /trivia/ });
  assert.match(await row.innerText(), /drop recommended/);
  await view.page.getByRole('checkbox', { name: 'Drop recipes' }).check();
  assert.deepEqual(await lastRequest(view), {
    method: 'lab/edit',
    params: { field: 'dropSource', text: 'recipes', on: true },
  });
  const { lab } = states.done;
  const curate = { ...lab.project.curate, dropSources: ['trivia', 'recipes'] };
  const steps = lab.steps.map((one) => (one.name === 'collect' ? one : { ...one, status: 'outdated' }));
  await view.change({ kind: 'lab', lab: { ...lab, project: { ...lab.project, curate }, steps } });
  await view.page.getByTestId('funnel-outdated').waitFor();
  assert.equal((await view.page.getByTestId('next').innerText()).trim(), 'Continue');
  assert.match(await step(view, 'curate').innerText(), /Outdated. The next run repeats it./);
});

viewTest(
  'records that are chosen on the map are dropped, and taken back',
  states.done,
  async (view) => {
    const map = view.page.getByTestId('map');
    assert.deepEqual(await view.requests(), [], 'it is not read before it is opened');
    await map.locator('summary').first().click();
    await map.getByRole('button', { name: /^\s*trivia/ }).click();
    await map.getByRole('button', { name: 'Drop These Records' }).click();
    const { method, params } = await lastRequest(view);
    assert.equal(method, 'lab/edit');
    assert.equal(params.field, 'dropIds');
    assert.equal(params.ids.length, 175);
    const { lab } = states.done;
    const curate = { ...lab.project.curate, dropIds: params.ids };
    await view.change({ kind: 'lab', lab: { ...lab, project: { ...lab.project, curate } } });
    await view.page.getByText('You dropped 175 records.').waitFor();
    await view.page.getByRole('button', { name: 'Restore Them' }).click();
    assert.deepEqual(await lastRequest(view), { method: 'lab/edit', params: { field: 'dropIds', ids: [] } });
    assert.equal((await view.requests()).filter(({ method: asked }) => asked === 'lab/map').length, 1);
  },
  { answers: { 'lab/map': states.dataMap } },
);

viewTest('a failure says why, and Continue goes on', states.failed, async (view) => {
  assert.match(await view.page.getByRole('alert').innerText(), /Training: The process of the lab stopped/);
  assert.match(await step(view, 'train').innerText(), /Failed. Continue to resume./);
  await view.page.getByTestId('next').click();
  assert.deepEqual(await lastRequest(view), { method: 'lab/start', params: {} });
});

viewTest('what came of it is said in words', states.done, async (view) => {
  const text = await view.page.locator('main').innerText();
  assert.match(text, /Better on 171 of 252 tasks, equal on 9, worse on 72\./);
  assert.match(text, /Probability of such a result by chance: 1e-9\./);
  assert.match(text, /median 11\.9 → 7\.42/);
  assert.match(text, /kitchen-helper-q4_k_m\.gguf/);
  assert.equal(await view.page.getByTestId('verdict').innerText(), 'Better than before');
  assert.equal(await view.page.getByTestId('histogram').locator('rect').count(), 20);
});

viewTest('the funnel is a table with numbers', states.done, async (view) => {
  const rows = await view.page.getByTestId('funnel').getByRole('row').allInnerTexts();
  assert.match(rows.find((row) => row.includes('Duplicates')) ?? '', /7,433\s+− 1,511/);
  assert.ok(!rows.some((row) => row.includes('Secrets')), 'steps that took nothing share one line');
});

viewTest('the finished model goes into the chat', states.done, async (view) => {
  const next = view.page.getByTestId('next');
  assert.equal((await next.innerText()).trim(), 'Use in Chat');
  await next.click();
  assert.deepEqual(await lastRequest(view), { method: 'lab/use', params: undefined });
  await view.page.getByTestId('report').click();
  assert.deepEqual(await lastRequest(view), { method: 'lab/action', params: { action: 'openReport' } });
  await view.change({ kind: 'models', models: states.done.models, inUse: true });
  await view.page.getByText('The new model answers in the chat.').waitFor();
});

viewTest('text of a model is text', states.done, async (view) => {
  assert.equal(await view.page.getByTestId('answers').locator('img').count(), 0);
  assert.match(await view.page.getByTestId('answers').innerText(), /<img src=x onerror=alert\(1\)>/);
});

viewTest('every drawing has its numbers as a table', states.done, async (view) => {
  for (const id of ['loss-table', 'histogram-table']) {
    const details = view.page.getByTestId(id);
    await details.locator('summary').focus();
    await view.page.keyboard.press('Enter');
    assert.ok((await details.getByRole('row').count()) > 8);
  }
});

viewTest('everything can be reached with Tab and has a name', states.chosenData, async (view) => {
  const controls = 'button, input, select, summary, a[href]';
  const nameless = await view.page.evaluate(
    (selector) =>
      [...document.querySelectorAll(selector)]
        .filter((one) => !one.disabled)
        .filter(
          (one) => !(one.getAttribute('aria-label') || one.labels?.[0]?.textContent.trim() || one.textContent.trim()),
        ).length,
    controls,
  );
  assert.equal(nameless, 0);
  const all = await view.page.locator(controls).count();
  const reached = new Set();
  for (let press = 0; press < all + 2; press++) {
    await view.page.keyboard.press('Tab');
    reached.add(
      await view.page.evaluate(
        (selector) => [...document.querySelectorAll(selector)].indexOf(document.activeElement),
        controls,
      ),
    );
  }
  reached.delete(-1);
  assert.equal(reached.size, all);
});

viewTest(
  'nothing is wider than a narrow tab',
  states.done,
  async (view) => {
    await view.page.locator('.scroll').waitFor();
    const width = await view.page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, 420);
  },
  { width: 420 },
);

viewTest('without a project it offers to make one, and remembers none', states.noProject, async (view) => {
  await view.page.getByTestId('make').click();
  assert.deepEqual(await lastRequest(view), { method: 'lab/action', params: { action: 'makeProject' } });
  assert.equal(await view.page.evaluate(() => globalThis.remembered), undefined);
});

viewTest('the tab remembers its project for the next window, and where the user was', states.done, async (view) => {
  const remembered = () => view.page.evaluate(() => globalThis.remembered);
  assert.deepEqual(await remembered(), { folder: states.done.folder, scroll: 0 });
  await view.page.evaluate(() => window.scrollTo(0, 640));
  await view.page.waitForFunction(() => globalThis.remembered.scroll === 640);
});

viewTest(
  'a tab that was hidden comes back to the same place',
  states.done,
  async (view) => {
    await view.page.waitForFunction(() => window.scrollY === 900);
    assert.equal(await view.page.evaluate(() => globalThis.remembered.scroll), 900);
  },
  { remembered: { folder: states.done.folder, scroll: 900 } },
);

viewTest('a folder without a project offers to make one there', states.notFound, async (view) => {
  assert.match(await view.page.getByTestId('welcome').innerText(), /no lab project in this folder[^]*kitchen-web/);
  assert.equal((await view.page.getByTestId('make').innerText()).trim(), 'Create Project Here');
});

viewTest('in Restricted Mode it only says so', states.restricted, async (view) => {
  await view.page.getByRole('button', { name: 'Manage Workspace Trust' }).click();
  assert.deepEqual(await lastRequest(view), { method: 'lab/action', params: { action: 'manageTrust' } });
  assert.equal(await view.page.getByTestId('next').count(), 0);
});
