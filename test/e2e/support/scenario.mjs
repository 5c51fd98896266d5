/** Steps that one window goes through in order: opening a window costs more than most of what is tested in it. */
import { after, before, test } from 'node:test';
import { openWindow } from './window.mjs';

/**
 * After a step with `{ essential: true }` has failed, the others fail at once instead of waiting for what cannot come.
 *
 * @param {Parameters<typeof openWindow>[0] | (() => Promise<Parameters<typeof openWindow>[0]>)} options
 * @returns {(name: string, step: (window: import('./window.mjs').Window) => Promise<void>, options?: { essential?:
 * boolean }) => void}
 */
export function scenario(options) {
  let window;
  let broken;
  before(async () => {
    window = await openWindow(typeof options === 'function' ? await options() : options);
  });
  after(() => window?.close());
  return (name, step, { essential = false } = {}) => {
    void test(name, { timeout: 400_000 }, async () => {
      if (broken !== undefined) throw new Error(`“${broken}” has failed, and this needs it.`);
      try {
        await step(window);
      } catch (error) {
        await window.screenshot(`failed-${name.replaceAll(/\W+/g, '-')}`);
        if (essential) broken = name;
        // What a failed step leaves open must not fail the next.
        for (let press = 0; press < 2; press++) await window.page.keyboard.press('Escape');
        throw error;
      }
    });
  };
}

/** The folder with the test models, which test/run.mjs has filled. */
export function testModels() {
  const folder = process.env.PADDOCK_E2E_MODELS;
  if (folder === undefined)
    throw new Error('PADDOCK_E2E_MODELS names no folder. Start these tests with: npm run test:e2e');
  return folder;
}
