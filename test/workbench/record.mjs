/**
 * Makes the moving picture and the pictures of README.md from the real product with the recommended model:
 * `node test/workbench/record.mjs`, after `npm start` has got the model. Writes media/paddock.gif, media/edit.png and
 * media/screenshot.png.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Edits } from '../e2e/support/edits.mjs';
import { openWindow } from '../e2e/support/window.mjs';
import { defaultModel } from './models.mjs';
import { packExtension } from './package.mjs';
import { main, mustRun, need, root } from './process.mjs';
import { installVscode } from './vscode.mjs';

const media = join(root, 'media');
const framesPerSecond = 8;
/** Nobody likes to wait for a model that reads. Seconds. */
const longestPause = 1.5;

/** What the browser shows from now on until it ends: a picture for each change, and when it came. */
class Film {
  #session;
  #frames = [];
  #writing = [];

  static async begin(page, folder) {
    const film = new Film();
    film.#session = await page.context().newCDPSession(page);
    film.#session.on('Page.screencastFrame', ({ data, metadata, sessionId }) => {
      const path = join(folder, `${String(film.#frames.length).padStart(5, '0')}.png`);
      film.#frames.push({ path, at: metadata.timestamp });
      film.#writing.push(writeFile(path, Buffer.from(data, 'base64')));
      void film.#session.send('Page.screencastFrameAck', { sessionId });
    });
    await film.#session.send('Page.startScreencast', { format: 'png', everyNthFrame: 1 });
    return film;
  }

  /** The list of pictures and how long each is seen, as ffmpeg reads it. */
  async end() {
    await this.#session.send('Page.stopScreencast');
    await Promise.all(this.#writing);
    return this.#frames
      .map(({ path, at }, index) => {
        const seconds = Math.min(longestPause, (this.#frames[index + 1]?.at ?? at + longestPause) - at);
        return `file '${path}'\nduration ${seconds.toFixed(3)}\n`;
      })
      .join('');
  }
}

await main(async () => {
  await need([{ programs: ['ffmpeg'], debian: 'ffmpeg' }]);
  await installVscode();
  process.env.PADDOCK_VSIX = await packExtension();
  const window = await openWindow({
    models: process.env.PADDOCK_MODELS ?? join(homedir(), '.local', 'share', 'paddock', 'models'),
    settings: {
      'paddock.model': defaultModel,
      'paddock.temperature': 0,
      'workbench.colorTheme': 'Default Dark Modern',
      'breadcrumbs.enabled': false,
      'editor.minimap.enabled': false,
    },
  });
  const frames = await mkdtemp(join(tmpdir(), 'paddock-frames-'));
  try {
    await perform(window, frames);
    await encode(frames);
  } finally {
    await window.close();
    await rm(frames, { recursive: true, force: true });
  }
});

async function perform(window, frames) {
  const { page, chat } = window;
  const edits = new Edits(window);
  await window.openFile('src/cart.ts');
  await chat.open();
  await window.statusIs('ready', 120_000);
  const film = await Film.begin(page, frames);
  await chat.input.pressSequentially('How would I add a discount to the total?', { delay: 30 });
  await chat.frame
    .getByRole('button', { name: /attach/i })
    .first()
    .click()
    .catch(() => {});
  await page.waitForTimeout(400);
  await page.keyboard.press('Escape').catch(() => {});
  await chat.input.press('Enter');
  await chat.answer(['stop', 'length']);
  await page.screenshot({ path: join(media, 'screenshot.png') });
  await page.waitForTimeout(1500);
  await window.openFile('src/text.py');
  await window.select(5, 2);
  await edits.rewrite('Add a docstring');
  await edits.ready();
  await page.waitForTimeout(1200);
  await page.screenshot({ path: join(media, 'edit.png') });
  await page.waitForTimeout(800);
  await edits.bar('Accept').click();
  await page.waitForTimeout(2000);
  await writeFile(join(frames, 'list.txt'), await film.end());
}

async function encode(frames) {
  const palette = 'split[a][b];[a]palettegen=max_colors=96[p];[b][p]paletteuse=dither=none:diff_mode=rectangle';
  const filter = `fps=${framesPerSecond},scale=960:-1:flags=lanczos,${palette}`;
  const args = ['-y', '-loglevel', 'error', '-f', 'concat', '-safe', '0', '-i', join(frames, 'list.txt')];
  await mustRun('Encoding the picture', 'ffmpeg', [...args, '-vf', filter, join(media, 'paddock.gif')]);
}
