/**
 * Opens a built page in a browser without VS Code: with a theme's variables and a host that answers the page's requests
 * from a given state. A fixture of the pages' tests; the product's host is extension/client.
 */
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { chromium } from 'playwright-core';
import { browserArguments, findBrowser } from '../workbench/browser.mjs';
import { themes } from './themes.mjs';

const dist = fileURLToPath(new URL('../../dist/webview/', import.meta.url));
const screenshots = fileURLToPath(new URL('../../.cache/screenshots/', import.meta.url));
const types = { js: 'text/javascript', css: 'text/css', ttf: 'font/ttf' };

/** What is there once a page has shown its first state, and where VS Code puts it. */
const pages = {
  chat: { ready: 'paddock-composer textarea', background: 'sideBar-background' },
  lab: { ready: 'paddock-lab main', background: 'editor-background' },
};

export async function startHarness() {
  // First, since a server that listens would keep the process alive if there is no browser.
  const browser = await chromium.launch({ executablePath: await findBrowser(), args: browserArguments });
  const server = createServer((request, response) => void serve(request, response));
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    /**
     * A page that shows `state`. `answers` are those to other requests, by their methods; `failing` ones get an error.
     */
    async open(
      state,
      { name = 'chat', theme = 'dark', width = 400, height = 760, answers = {}, failing = [], remembered } = {},
    ) {
      const { ready, background } = pages[name];
      const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
      const page = await context.newPage();
      const errors = [];
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      await page.addInitScript(fakeHost, {
        name,
        state,
        answers,
        failing,
        remembered,
        background,
        variables: themes[theme].variables,
        bodyClass: themes[theme].bodyClass,
      });
      await page.goto(`${origin}/${name}`);
      await page.locator(ready).waitFor();
      return {
        page,
        errors,
        requests: () => page.evaluate(() => globalThis.requests),
        /** Sends a change, as the host does. */
        change: (change) => page.evaluate((value) => globalThis.sendChange(value), change),
        screenshot: async (file, options) => {
          mkdirSync(screenshots, { recursive: true });
          await page.screenshot({ path: `${screenshots}${file}.png`, ...options });
        },
        close: () => context.close(),
      };
    },
    async stop() {
      await browser.close();
      server.close();
    },
  };
}

/** The product's own policy, so that a page that breaks it fails here too. */
const { pagePolicy } = await importTypeScript('../../extension/client/lib/page-policy.ts');

async function importTypeScript(path) {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL(path, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}

async function serve(request, response) {
  const name = new URL(request.url, 'http://localhost').pathname.slice(1);
  if (name === 'favicon.ico') {
    response.writeHead(204).end();
    return;
  }
  if (name in pages) {
    const self = `http://${request.headers.host}`;
    const policy = pagePolicy({ nonce: 'test', source: self });
    response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy });
    response.end(
      `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><link rel="stylesheet" href="/${name}.css"><title>Paddock</title></head>` +
        `<body><paddock-${name}></paddock-${name}><script nonce="test" src="/${name}.js"></script></body></html>`,
    );
    return;
  }
  try {
    const body = await readFile(dist + name.replaceAll('..', ''));
    response.writeHead(200, { 'content-type': types[name.split('.').at(-1)] ?? 'application/octet-stream' });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}

/** Runs in the page before its own script. */
function fakeHost({ name, state, answers, failing, remembered, background, variables, bodyClass }) {
  let seq = 0;
  globalThis.requests = [];
  const send = (message) => window.postMessage({ jsonrpc: '2.0', ...message }, '*');
  globalThis.sendChange = (change) => send({ method: `${name}/delta`, params: { seq: ++seq, change } });
  const answer = (method) => {
    if (method === `${name}/snapshot`) return { protocolVersion: 1, seq, state, texts: {} };
    if (method in answers) return answers[method];
    if (method === 'chat/send' || method === 'chat/attach') return { done: true };
    return method === 'chat/code' ? true : null;
  };
  globalThis.remembered = remembered;
  globalThis.acquireVsCodeApi = () => ({
    postMessage: ({ id, method, params }) => {
      if (method !== `${name}/snapshot`) globalThis.requests.push({ method, params });
      if (failing.includes(method)) send({ id, error: { code: -32602, message: 'refused' } });
      else if (id !== undefined) send({ id, result: answer(method) });
    },
    getState: () => globalThis.remembered,
    setState: (value) => (globalThis.remembered = value),
  });
  document.addEventListener('DOMContentLoaded', () => {
    document.body.className = bodyClass;
    for (const [name, value] of Object.entries(variables)) {
      if (value !== undefined) document.documentElement.style.setProperty(`--vscode-${name}`, value);
    }
    document.body.style.backgroundColor = `var(--vscode-${background})`;
  });
}
