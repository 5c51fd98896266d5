/** The tab of the lab: a page within a page within the window. Other pages may be open beside it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export class LabTab {
  constructor(window) {
    this.window = window;
  }

  /** The page's own frame, once it shows something. */
  async frame(timeout = 30_000) {
    const end = Date.now() + timeout;
    while (Date.now() < end) {
      for (const frame of this.window.page.frames()) {
        const shown = await frame
          .locator('paddock-lab main')
          .count()
          .catch(() => 0);
        if (shown > 0) return frame;
      }
      await this.window.page.waitForTimeout(200);
    }
    throw new Error('The tab of the lab is not there.');
  }

  async part(testId) {
    return (await this.frame()).getByTestId(testId);
  }

  /** Waits until the button offers this. */
  async next(text, timeout = 60_000) {
    const button = (await this.part('next')).filter({ hasText: text });
    await button.waitFor({ timeout });
    return button;
  }

  async stepIs(name, status, timeout = 60_000) {
    await (await this.frame()).locator(`[data-testid=step-${name}][data-status=${status}]`).waitFor({ timeout });
  }
}

/** A project that a small model is through with in two minutes. */
export async function writeProject(folder) {
  await mkdir(folder, { recursive: true });
  const record = (index) => ({
    prompt: `What does shelf number ${index} of the pantry hold, and how much of it?`,
    response: `Shelf ${index} holds ${['rice', 'lentils', 'flour', 'sugar', 'oats'][index % 5]} in ${(index % 7) + 2} jars, behind the ${['blue', 'green', 'white'][index % 3]} door.`,
    source: 'pantry',
  });
  const lines = Array.from({ length: 100 }, (_, index) => `${JSON.stringify(record(index))}\n`);
  await writeFile(join(folder, 'pantry.jsonl'), lines.join(''));
  const project = {
    version: 1,
    title: 'Pantry',
    base: 'smollm2-135m-instruct',
    records: ['pantry.jsonl'],
    curate: { dropSources: [], dropRecommended: false, dropIds: [], validShare: 0.1 },
    train: { preset: 'laptop' },
    quantization: 'Q4_K_M',
    seed: 42,
  };
  await writeFile(join(folder, 'lab.json'), JSON.stringify(project, undefined, 2));
}
