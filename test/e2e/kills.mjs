/**
 * Kills the engine, the extension host and the VS Code server at random moments while the chat answers, an edit streams
 * in and the lab trains: `node test/e2e/kills.mjs [--kills N] [--seed N]`, 200 by default, an hour. After each, all
 * that was shown as saved must still be there, every store must open, and no temporary file may be left for good. Ends
 * with `N passed, N failed`.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { conclude } from '../workbench/node-tests.mjs';
import { main } from '../workbench/process.mjs';
import { generator } from '../workbench/random.mjs';
import { Edits } from './support/edits.mjs';
import { LabTab, writeProject } from './support/lab-tab.mjs';
import { enginePids, extensionHostPids } from './support/processes.mjs';
import { openOwnWindow } from './support/window.mjs';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: String(Date.now() % 1e9) } },
});

/** Each kills something and brings the window back to where a user can go on. */
const targets = [
  {
    name: 'engine',
    kill: async (window, random) => {
      const pids = await enginePids(window.server);
      process.kill(pids[random(pids.length)], 'SIGKILL');
    },
    // A model that was not loaded yet is loaded by the next question.
    recover: (window) => window.statusIs(/ready|no model|completing/, 60_000),
  },
  {
    name: 'extension host',
    kill: async (window) => process.kill((await extensionHostPids(window.server))[0], 'SIGKILL'),
    recover: (window) => window.load(),
  },
  {
    name: 'server',
    kill: async (window) => process.kill(-window.server.pid, 'SIGKILL'),
    recover: async (window) => {
      await window.startServer();
      await window.load();
    },
  },
];

// The activities. `begin` starts one, resolves at a random moment while it runs, and returns the check for afterwards.

const topics = ['loops', 'sorting', 'recursion', 'tests', 'closures', 'queues'];
/** The chat log is written at most a quarter of a second after the text is shown. */
const writtenAfterMs = 300;

function chat(window) {
  const asked = [];
  return {
    name: 'chat',
    async begin(kill, random) {
      await window.chat.open();
      // A long conversation makes each question slower; a new one begins now and then.
      if (asked.length >= 8) {
        await window.command('Paddock: New Chat');
        asked.length = 0;
      }
      const question = `question ${kill}, please tell me about ${topics[random(topics.length)]}`;
      await window.chat.ask(question);
      asked.push(question);
      await window.page.waitForTimeout(random(2500));
      const shown = await lastAnswer(window);
      await window.page.waitForTimeout(writtenAfterMs);
      return async () => {
        await window.chat.open();
        await window.chat.questions.filter({ hasText: question }).first().waitFor({ timeout: 60_000 });
        const questions = await window.chat.questions.allInnerTexts();
        for (const one of asked.slice(-2)) {
          assert.ok(
            questions.some((text) => text.includes(one)),
            `“${one}” is gone`,
          );
        }
        // The last characters may be Markdown that the next ones have changed.
        const kept = shown.slice(0, -80);
        const now = await lastAnswer(window);
        assert.ok(now.startsWith(kept), `the answer has lost text: “${kept}” was shown, now it is “${now}”`);
      };
    },
  };
}

async function lastAnswer({ chat: { frame } }) {
  const text = frame.locator('paddock-answer').last().locator('paddock-markdown');
  return (await text.innerText({ timeout: 1000 }).catch(() => '')).replaceAll(/\s+/g, ' ').trim();
}

function edit(window) {
  const path = join(window.workspace, 'src/text.py');
  const edits = new Edits(window);
  return {
    name: 'edit',
    async begin(kill, random) {
      await window.openFile('src/text.py');
      await window.select(5, 2);
      await window.page.keyboard.press('Control+Home');
      await window.page.keyboard.type(`# Edited before kill ${kill}\n`);
      const saved = await window.savedText('src/text.py');
      assert.match(saved, new RegExp(`# Edited before kill ${kill}\n`));
      await window.select(7, 2);
      await edits.rewrite('Add a docstring');
      await window.page.waitForTimeout(random(5000));
      const label = await edits.status
        .locator('a')
        .getAttribute('aria-label', { timeout: 1000 })
        .catch(() => '');
      await window.page.waitForTimeout(writtenAfterMs);
      return async () => {
        if (label.endsWith('ready to accept')) await edits.status.waitFor();
        assert.equal(await readFile(path, 'utf8'), saved, 'the saved file is as it was saved');
        await window.closeEditors();
        await window.openFile('src/text.py');
        await window.page.locator('.view-line', { hasText: `kill ${kill}` }).waitFor();
        await window.closeEditors();
      };
    },
  };
}

function train(window) {
  const folder = join(window.workspace, 'pantry-lab');
  const lab = new LabTab(window);
  const open = async () => {
    await window.command('Paddock: Open Lab');
    await window.pick('pantry-lab');
    await lab.part('next');
  };
  const goOn = async () => {
    await (await lab.next(/Start|Continue/, 90_000)).click();
    await lab.next('Stop');
  };
  return {
    name: 'train',
    async begin(_kill, random) {
      if (!existsSync(join(folder, 'lab.json'))) await writeProject(folder);
      await open();
      if ((await (await lab.part('next')).innerText()).includes('Use in Chat')) {
        await closeTab(window);
        await rm(folder, { recursive: true });
        await writeProject(folder);
        await open();
      }
      await goOn();
      await window.page.waitForTimeout(random(8000));
      const done = await doneSteps(lab);
      return async () => {
        await open();
        await lab.next(/Stop|Start|Continue|Use in Chat/, 90_000);
        const now = await doneSteps(lab);
        assert.deepEqual(
          done.filter((step) => !now.includes(step)),
          [],
          'steps that were done are done',
        );
        const next = await (await lab.part('next')).innerText();
        if (/Start|Continue/.test(next)) await goOn();
        // It has gone on from what is on the disk; now the computer is free for the next.
        const stop = await lab.next(/Stop|Use in Chat/);
        if ((await stop.innerText()).includes('Stop')) await stop.click({ timeout: 2000 }).catch(() => {});
        await lab.next(/Continue|Use in Chat/, 90_000);
        await closeTab(window);
      };
    },
  };
}

async function doneSteps(lab) {
  const steps = (await lab.frame()).locator('[data-testid^=step-][data-status=done]');
  return steps.evaluateAll((found) => found.map((step) => step.getAttribute('data-testid')));
}

async function closeTab(window) {
  await window.command('View: Close All Editors');
}

// The checks after every kill.

/** Every whole line of every log is a record, but for one line per kill in the middle of a write. */
async function logsAreWhole(window) {
  for (const path of await filesBelow(window.server.userFolder, window.workspace)) {
    if (!/(?:chats|pantry-lab).*\.jsonl$/.test(path)) continue;
    const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
    const broken = lines.filter((line) => line !== '' && !isJson(line)).length;
    assert.ok(broken <= 1 + lines.length / 10, `${path} has ${broken} broken lines of ${lines.length}`);
  }
}

/** Leftovers of killed processes go with the next write to the same folder, so there are never more than a few. */
async function noLeftovers(window, models) {
  const paths = await filesBelow(window.server.userFolder, window.workspace, models);
  const found = paths.filter((path) => /\.(?:tmp|partial)$/.test(path) && /paddock|chats|pantry-lab|models/.test(path));
  assert.ok(found.length <= 5, `leftover files: ${found.join('\n')}`);
}

async function filesBelow(...folders) {
  const lists = await Promise.all(
    folders.map(async (folder) => (await readdir(folder, { recursive: true })).map((name) => join(folder, name))),
  );
  return lists.flat();
}

function isJson(line) {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

await main(async () => {
  const { models, window } = await openOwnWindow({
    settings: { 'paddock.model': 'smollm2-135m-instruct', 'paddock.maxTokens': 400 },
  });
  console.log(`seed ${values.seed}`);
  const random = generator(Number(values.seed));
  const talk = chat(window);
  const activities = [talk, talk, edit(window), train(window)];
  let passed = 0;
  try {
    for (let kill = 1; kill <= Number(values.kills); kill += 1) {
      const [activity, target] = [activities[random(activities.length)], targets[random(targets.length)]];
      const start = Date.now();
      const check = await activity.begin(kill, random);
      await target.kill(window, random);
      await window.page.waitForTimeout(random(500));
      await target.recover(window);
      await check();
      await logsAreWhole(window);
      await noLeftovers(window, models);
      passed += 1;
      console.log(`${kill}: ${target.name}, ${activity.name}, ${Math.round((Date.now() - start) / 1000)} s`);
    }
    conclude([passed, 0]);
  } catch (error) {
    console.error(error);
    await window.screenshot('failed-kills');
    conclude([passed, 1]);
  } finally {
    await window.close();
  }
});
