/** Running other programs, for the scripts of this folder. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, without a slash at the end. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
/** Everything that the scripts fetch or make besides node_modules, dist and build. */
export const cache = join(root, '.cache');

/** A failure whose message is all that the user needs. */
export class StepError extends Error {}

/**
 * Runs a program with its output on ours and resolves with its exit code.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {object} [options] Those of `spawn`, and `onOutput`, which also gets what the program prints.
 * @returns {Promise<number>}
 */
export function run(command, args, { onOutput, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = onOutput === undefined ? 'inherit' : ['inherit', 'pipe', 'inherit'];
    const child = spawn(command, args, { cwd: root, stdio, shell: isWindows && command === 'npm', ...options });
    child.stdout?.on('data', (data) => {
      process.stdout.write(data);
      onOutput(String(data));
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}

/** Like `run`, but failing is a `StepError` that names the step. */
export async function mustRun(what, command, args, options) {
  const code = await run(command, args, options).catch((error) => {
    throw new StepError(`${what} failed: ${command}: ${error.message}`);
  });
  if (code !== 0) {
    throw new StepError(`${what} failed (${command} ended with ${code}).`);
  }
}

/** The path of a program, or `undefined`. */
export function find(...names) {
  const extensions = isWindows ? ['.exe', '.cmd'] : [''];
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      for (const extension of extensions) {
        const path = join(folder, name + extension);
        if (existsSync(path)) {
          return path;
        }
      }
    }
  }
  return undefined;
}

/**
 * Makes sure that programs are there. On Debian as root the missing ones are installed; elsewhere a `StepError`
 * names the command that installs them.
 * @param {readonly { programs: readonly string[], debian: string, darwin?: string, windows?: string }[]} needs
 */
export async function need(needs) {
  const missing = needs.filter(({ programs }) => find(...programs) === undefined);
  if (missing.length === 0) {
    return;
  }
  const names = missing.map(({ programs }) => programs[0]).join(', ');
  const packages = missing.map(({ debian }) => debian);
  if (process.platform === 'linux' && process.getuid?.() === 0 && find('apt-get') !== undefined) {
    console.log(`Installing what is missing: ${packages.join(' ')}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await mustRun('Updating the package lists', 'apt-get', ['update', '-qq'], { env });
    await mustRun(`Installing ${names}`, 'apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
      env,
    });
    return;
  }
  const how = {
    darwin: missing.map((one) => one.darwin ?? `brew install ${one.programs[0]}`).join(' && '),
    win32: missing.map((one) => one.windows ?? `winget install ${one.programs[0]}`).join(' && '),
  };
  const command = how[process.platform] ?? `sudo apt-get install ${packages.join(' ')}`;
  throw new StepError(`Missing: ${names}. Install with:\n  ${command}`);
}

/** What a program prints, or `undefined` when it is not there or fails. */
export function outputOf(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}

/** Runs a script's main function and turns a `StepError` into words and exit code 1. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StepError)) {
      throw error;
    }
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}

const isWindows = process.platform === 'win32';
