/** Takes a screenshot of every state of the chat view in every kind of theme, to be looked at. */
import { startHarness } from './harness.mjs';
import * as states from './states.mjs';
import { themes } from './themes.mjs';

const harness = await startHarness();
try {
  for (const theme of Object.keys(themes)) {
    for (const name of ['empty', 'firstRun', 'downloading', 'conversation', 'prefill', 'failed']) {
      const view = await harness.open(states[name], { theme });
      await view.page.waitForTimeout(150);
      await view.screenshot(`view-${name}-${theme}`);
      if (view.errors.length > 0) console.log(name, theme, view.errors);
      await view.close();
    }
  }
} finally {
  await harness.stop();
}
