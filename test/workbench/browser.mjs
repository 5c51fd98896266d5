/** A Chromium for the tests that look at what a person sees. */
import { existsSync } from 'node:fs';
import { find, need } from './process.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const macApplications = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Switches that keep Chromium to itself and quiet; what the tests launch it with. */
export const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The path of a Chromium, installed first where that is possible. */
export async function findBrowser() {
  const path = lookAround();
  if (path !== undefined) {
    return path;
  }
  await need([
    {
      programs: names,
      debian: 'chromium',
      darwin: 'brew install --cask chromium',
      windows: 'winget install Hibbiki.Chromium',
    },
  ]);
  return lookAround();
}

function lookAround() {
  return process.env.CHROMIUM ?? macApplications.find((path) => existsSync(path)) ?? find(...names);
}
