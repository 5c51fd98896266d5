/** A company's network: a proxy with a password in front of a server whose certificate a private authority signed. */
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after } from 'node:test';
import { buildSync } from 'esbuild';
import { cache, root } from '../workbench/process.mjs';
import { scenario, testModels } from './support/scenario.mjs';

const small = 'smollm2-135m-instruct';
const password = 'ann:a secret';
const { serveProxy, serveSecurely } = await importTypeScript('extension/server/network/testing/servers.ts');
let user;
let proxy;
const running = [];
after(() => running.forEach((one) => one.close()));

const step = scenario(async () => {
  const file = join(testModels(), 'smollm2-135m-instruct-q4_1.gguf');
  const server = await serveSecurely((request, response) => void send(file, request, response));
  proxy = await serveProxy(password);
  running.push(server, proxy);
  return {
    models: await mkdtemp(join(tmpdir(), 'paddock-models-')),
    // The package index is out of reach as well.
    env: { PIP_INDEX_URL: 'https://index.paddock.test/simple', PIP_CONFIG_FILE: '/dev/null' },
    prepare: async (folders) => {
      ({ user } = folders);
      await useServer(`https://models.paddock.test:${server.port}/model.gguf`);
    },
  };
});

async function send(file, request, response) {
  const { size } = await stat(file);
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const headers = { 'content-length': size - start, 'content-range': `bytes ${start}-${size - 1}/${size}` };
  response.writeHead(start > 0 ? 206 : 200, headers);
  createReadStream(file, { start }).pipe(response);
}

/** The catalogue of the installed extension, with another address of the small model. */
async function useServer(url) {
  const extensions = join(user, 'extensions');
  const name = (await readdir(extensions)).find((one) => one.startsWith('paddock.'));
  const path = join(extensions, name, 'media', 'catalogue.json');
  const catalogue = JSON.parse(await readFile(path, 'utf8'));
  catalogue.models.find(({ id }) => id === small).sources[0].url = url;
  await writeFile(path, JSON.stringify(catalogue));
}

/** As the user would write them: a setting of a machine is read from the machine's file, any other from the user's. */
async function set(window, settings) {
  for (const owner of ['User', 'Machine']) {
    const path = join(user, 'data', owner, 'settings.json');
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...settings }));
  }
  // A window that is opened anew is sure to have read them.
  await window.load();
  await window.chat.open();
  await window.chat.firstRun.waitFor({ timeout: 60_000 });
}

async function download(window, error) {
  await window.chat.card(small).getByTestId('download').click();
  await window.chat.card(small).filter({ hasText: error }).waitFor({ timeout: 60_000 });
}

async function importTypeScript(path) {
  const outfile = join(cache, 'results', 'servers.mjs');
  const define = { 'import.meta.url': JSON.stringify(pathToFileURL(join(root, path)).href) };
  buildSync({ entryPoints: [join(root, path)], bundle: true, platform: 'node', format: 'esm', outfile, define });
  return import(pathToFileURL(outfile).href);
}

step('without a proxy it says that the server cannot be reached, and names the setting', async (window) => {
  await window.chat.open();
  await window.chat.firstRun.waitFor({ timeout: 60_000 });
  await download(window, /models\.paddock\.test.* cannot be reached .*http\.proxy/);
  await window.screenshot('network-unreachable');
});

step('without the password it says that the proxy needs one', async (window) => {
  await set(window, { 'http.proxy': `http://127.0.0.1:${proxy.port}` });
  await download(window, /proxy http:\/\/127\.0\.0\.1:\d+ \(http\.proxy\) needs a user name and a password/);
});

step('without the authority it says that the certificate is not trusted', async (window) => {
  const [name, secret] = password.split(':');
  await set(window, { 'http.proxy': `http://${name}:${encodeURIComponent(secret)}@127.0.0.1:${proxy.port}` });
  await download(window, /certificate of models\.paddock\.test.* is not trusted/);
  await window.screenshot('network-certificate');
});

step('with all settings the model arrives', async (window) => {
  await set(window, { 'http.proxyStrictSSL': false });
  await window.chat.card(small).getByTestId('download').click();
  await window.statusIs('ready', 120_000);
});
