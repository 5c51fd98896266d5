/** Takes a screenshot of every state of the pages in every kind of theme, to be looked at. */
import { startHarness } from './harness.mjs';
import * as labStates from './lab-states.mjs';
import * as chatStates from './states.mjs';
import { themes } from './themes.mjs';

const only = process.argv[2];
const harness = await startHarness();
try {
  for (const theme of Object.keys(themes)) {
    for (const name of ['empty', 'firstRun', 'downloading', 'conversation', 'prefill', 'failed', 'loading']) {
      if (only !== 'lab') await take(`view-${name}-${theme}`, chatStates[name], { theme });
    }
    for (const name of ['thinking', 'thought']) {
      if (only === 'lab') continue;
      await take(`view-${name}-${theme}`, chatStates[name], { theme });
      await take(`view-${name}-open-${theme}`, chatStates[name], { theme }, unfoldThoughts);
    }
    for (const name of Object.keys(labStates).filter((key) => key !== 'dataMap')) {
      for (const width of [420, 1000]) {
        if (only !== 'chat')
          await take(`lab-${name}-${width}-${theme}`, labStates[name], { name: 'lab', theme, width });
      }
    }
    for (const width of [420, 1000]) {
      if (only !== 'chat')
        await take(`lab-map-${width}-${theme}`, labStates.done, { name: 'lab', theme, width }, openMap);
    }
  }
} finally {
  await harness.stop();
}

async function unfoldThoughts({ page }) {
  await page.getByTestId('thoughts').locator('summary').first().click();
}

async function openMap({ page }) {
  await page.getByTestId('map').locator('summary').first().click();
  await page.getByRole('button', { name: /trivia/ }).click();
}

async function take(file, state, options, act = async () => {}) {
  const view = await harness.open(state, { answers: { 'lab/map': labStates.dataMap }, ...options });
  await act(view);
  await view.page.waitForTimeout(150);
  await view.screenshot(file, { fullPage: options.name === 'lab' });
  if (view.errors.length > 0) console.log(file, view.errors);
  await view.close();
}
