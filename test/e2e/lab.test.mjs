/** The lab in the editor: a model of one's own, from the data to the chat, with a stop and a reload in between. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { LabTab, writeProject } from './support/lab-tab.mjs';
import { enginePids } from './support/processes.mjs';
import { scenario, testModels } from './support/scenario.mjs';

const step = scenario({ models: testModels() });

step('the walkthrough leads to it', async (window) => {
  await window.command('Welcome: Open Walkthrough');
  await window.pick('Get Started with Paddock');
  const steps = window.page.locator('.getting-started-step');
  await steps.filter({ hasText: 'Train your own model' }).click();
  await window.page.getByRole('button', { name: 'Open Lab' }).waitFor();
  await window.page.waitForTimeout(1000);
  await window.screenshot('walkthrough-lab');
  await window.closeEditors();
});

step(
  'opens the project of the workspace',
  async (window) => {
    await writeProject(join(window.workspace, 'pantry-lab'));
    await window.command('Paddock: Open Lab');
    await window.pick('pantry-lab');
    const lab = new LabTab(window);
    await lab.next('Start');
    assert.equal(await (await lab.part('title')).inputValue(), 'Pantry');
    await window.screenshot('lab-ready');
  },
  { essential: true },
);

step('saves what is changed', async (window) => {
  const lab = new LabTab(window);
  const title = await lab.part('title');
  await title.fill('Pantry helper');
  await title.press('Tab');
  await window.page.locator('.tab', { hasText: 'Lab: Pantry helper' }).waitFor();
});

step(
  'trains, and stops with what is done',
  async (window) => {
    const lab = new LabTab(window);
    await (await lab.next('Start')).click();
    await lab.stepIs('curate', 'done', 120_000);
    await (await lab.part('loss-chart')).waitFor({ timeout: 120_000 });
    await window.screenshot('lab-training');
    await (await lab.next('Stop')).click();
    await lab.next('Continue', 60_000);
    await lab.stepIs('train', 'begun');
    await window.screenshot('lab-stopped');
  },
  { essential: true },
);

step(
  'comes back with the window, and goes on',
  async (window) => {
    await window.load();
    const lab = new LabTab(window);
    await (await lab.next('Continue', 90_000)).click();
    await lab.next('Stop');
    await window.page.keyboard.press('Escape');
  },
  { essential: true },
);

step(
  'goes on when the tab is closed, and says so',
  async (window) => {
    await window.command('View: Close All Editors');
    await window.notification('Lab: Pantry helper').waitFor({ timeout: 30_000 });
    await window.screenshot('lab-closed');
  },
  { essential: true },
);

step('waits while the chat answers, and goes on', async (window) => {
  const item = (text) => window.page.locator('.statusbar-item[id*="paddock.lab"]', { hasText: text });
  await window.chat.open();
  await window.chat.ask('Count from 1 to 300 in words, one per line.');
  await item('Lab: waiting for the chat').waitFor({ timeout: 60_000 });
  await window.chat.partialAnswer(20);
  await window.screenshot('lab-waiting');
  await window.chat.input.press('Escape');
  await item('Lab: waiting for the chat').waitFor({ state: 'detached', timeout: 60_000 });
  await item('Lab:').waitFor();
  await window.command('View: Close Primary Side Bar');
});

step(
  'kill -9 of its process loses nothing, and Continue works',
  async (window) => {
    // A notification that was put away has an item of its own.
    await window.page.locator('.statusbar-item[id*="paddock.lab"]').click();
    const lab = new LabTab(window);
    await lab.next('Stop');
    for (const pid of await enginePids(window.server)) process.kill(pid, 'SIGKILL');
    await (await lab.part('error')).waitFor({ timeout: 30_000 });
    assert.match(await (await lab.part('error')).innerText(), /stopped unexpectedly/);
    await window.screenshot('lab-killed');
    await lab.stepIs('curate', 'done');
    await (await lab.next('Continue')).click();
    await lab.next('Stop');
  },
  { essential: true },
);

step(
  'ends with a model that answers in the chat',
  async (window) => {
    const lab = new LabTab(window);
    await (await lab.next('Use in Chat', 350_000)).waitFor();
    for (const name of ['curate', 'train', 'release', 'evaluate']) await lab.stepIs(name, 'done');
    assert.match(await (await lab.part('score')).innerText(), /of \d+ tasks/);
    await window.screenshot('lab-done');
    await (await lab.next('Use in Chat')).click();
    await window.statusIs('Paddock: ready', 60_000);
    await lab.next('Open Chat');
    await window.screenshot('lab-in-chat');
  },
  { essential: true },
);

step('opens the report', async (window) => {
  const lab = new LabTab(window);
  await (await lab.part('report')).click();
  await window.page.locator('.tab.active', { hasText: 'Lab Report' }).waitFor();
  await window.page.waitForTimeout(1500);
  await window.screenshot('lab-report');
});

step('makes a project in a folder that does not exist yet', async (window) => {
  await window.command('Paddock: New Lab Project');
  const input = window.page.locator('.quick-input-widget input[type=text]');
  // The dialog writes its own proposal late; what is typed before that would be added to it.
  const end = Date.now() + 15_000;
  while (Date.now() < end && !(await input.inputValue().catch(() => '')).endsWith('my-model')) {
    await window.page.waitForTimeout(100);
  }
  await input.fill(join(window.workspace, 'second-lab'));
  await window.page.keyboard.press('Enter');
  const lab = new LabTab(window);
  await (await lab.part('next-line')).filter({ hasText: 'Add questions with answers' }).waitFor({ timeout: 30_000 });
  assert.equal(await (await lab.part('title')).inputValue(), 'second-lab');
  assert.equal(await (await lab.part('base')).inputValue(), 'smollm2-135m-instruct');
  await window.screenshot('lab-new');
});
