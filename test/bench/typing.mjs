/**
 * How soon grey text comes in the real editor:
 *   node test/bench/typing.mjs [--model NAME] [--places N] [--file PATH]...
 * Types at six keys a second into files of 600 lines, each time the end of another line, and measures from the last key
 * to the first frame with grey text; then it accepts and measures again. Without `--file`: files of this repository in
 * five languages. Prints medians, the 95th percentile, and how often something was shown.
 */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { openOwnWindow } from '../e2e/support/window.mjs';
import { main, outputOf, root } from '../workbench/process.mjs';
import { generator } from '../workbench/random.mjs';
import { median } from './report.mjs';

const endings = ['ts', 'cc', 'h', 'mjs', 'css'];
const fileLines = 600;
const keyMs = 1000 / 6;
/** Keys that are typed before the pause. */
const keys = 8;
const longestWaitMs = 3000;

/** One file for each ending, put together from those of this repository until it is long enough. */
function ownFiles() {
  const listed = outputOf('git', ['-C', root, 'ls-files']).split('\n');
  return endings.map((ending) => {
    const parts = listed.filter((path) => path.endsWith(`.${ending}`) && !path.includes('test'));
    let text = '';
    for (const path of parts) {
      if (text.split('\n').length > fileLines) break;
      text += `${readFileSync(join(root, path), 'utf8')}\n`;
    }
    return { name: `long.${ending}`, text };
  });
}

/** Lines with enough code, and where in them the typing begins. */
function placesIn(text, count, random) {
  const lines = text.split('\n');
  const fit = lines.flatMap((line, index) =>
    index > 40 && index < fileLines - 40 && line.trim().length > keys + 12 && /[a-z]\w*[(.=]/i.test(line)
      ? [index]
      : [],
  );
  return Array.from({ length: Math.min(count, fit.length) }, () => {
    const index = fit.splice(random(fit.length), 1)[0];
    const line = lines[index];
    const indent = line.length - line.trimStart().length;
    const column = indent + random(Math.ceil((line.trim().length - keys) * 0.6));
    return { line: index + 1, column, typed: line.slice(column, column + keys) };
  });
}

/** Milliseconds from the last key to the first frame with grey text; undefined when none comes. */
function waitForGhost(page) {
  return page.evaluate(
    (longest) =>
      new Promise((resolve) => {
        const isThere = () =>
          [...document.querySelectorAll('[class*="ghost-text"]')].some(({ textContent }) => /\S/u.test(textContent));
        const look = () => {
          const since = performance.now() - globalThis.lastKey;
          if (isThere()) resolve(since);
          else if (since > longest) resolve(undefined);
          else requestAnimationFrame(look);
        };
        look();
      }),
    longestWaitMs,
  );
}

async function typeAt(window, { line, column, typed }) {
  const { page } = window;
  await page.keyboard.press('Escape');
  await window.quickInput(() => page.keyboard.press('Control+G'));
  await page.locator('.quick-input-widget input[type=text]').fill(`:${line}:${column + 1}`);
  await page.keyboard.press('Enter');
  await window.editorFocused();
  await page.keyboard.press('Shift+End');
  await page.keyboard.press('Delete');
  await page.waitForTimeout(1200);
  await page.keyboard.type(typed, { delay: keyMs });
  const shown = await waitForGhost(page);
  if (shown === undefined) return {};
  await page.waitForTimeout(300);
  await page.keyboard.press('Tab');
  await page.waitForTimeout(50);
  return { shown, next: await waitForGhost(page) };
}

function summary(name, all) {
  const shown = all.flatMap(({ shown }) => (shown === undefined ? [] : [shown])).toSorted((a, b) => a - b);
  const next = all.flatMap(({ next }) => (next === undefined ? [] : [next]));
  if (shown.length === 0) return `${name}: nothing was shown at ${all.length} places`;
  const ninetyFive = shown[Math.min(shown.length - 1, Math.floor(shown.length * 0.95))];
  const after = next.length === 0 ? '' : `, after accepting ${median(next).toFixed(0)} ms (${next.length})`;
  return `${name}: shown at ${shown.length} of ${all.length} places, median ${median(shown).toFixed(0)} ms, 95 % within ${ninetyFive.toFixed(0)} ms${after}`;
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'qwen2.5-coder-0.5b-instruct' },
      places: { type: 'string', default: '20' },
      file: { type: 'string', multiple: true },
    },
  });
  const given = values.file?.map((path) => ({ name: `long${extname(path)}`, text: readFileSync(path, 'utf8') }));
  const files = (given ?? ownFiles()).map(({ name, text }) => ({
    name,
    text: text.split('\n').slice(0, fileLines).join('\n'),
  }));
  const { window } = await openOwnWindow({
    settings: { 'paddock.completionModel': values.model },
    prepare: async ({ workspace }) => {
      await mkdir(join(workspace, 'long'), { recursive: true });
      for (const { name, text } of files) await writeFile(join(workspace, 'long', name), text);
    },
  });
  const random = generator(1);
  const all = [];
  await window.page.evaluate(() => {
    globalThis.lastKey = 0;
    document.addEventListener('keydown', () => (globalThis.lastKey = performance.now()), true);
  });
  for (const { name, text } of files) {
    await window.openFile(`long/${name}`);
    // The first completion loads the model.
    await window.command('Trigger Inline Suggestion');
    await window.page.waitForTimeout(3000);
    const found = [];
    for (const place of placesIn(text, Number(values.places), random)) found.push(await typeAt(window, place));
    console.log(summary(name, found));
    all.push(...found);
    await window.closeEditors();
  }
  console.log(summary('all', all));
  await window.close();
});
