/** Programs that print JSON, and how much memory they took. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { StepError } from '../workbench/process.mjs';

/**
 * Resolves with what a program prints, and with the most memory that it took, where the system tells this about
 * another process.
 */
export function json(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let errors = '';
    let peakRssBytes;
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (errors += data));
    const timer = setInterval(() => (peakRssBytes = peakOf(child.pid) ?? peakRssBytes), 100);
    const fail = (why) => {
      clearInterval(timer);
      reject(new StepError(`${command} ${args.join(' ')} failed:\n${why}`));
    };
    child.on('error', (error) => fail(error.message));
    child.on('close', (code) => {
      clearInterval(timer);
      if (code !== 0) {
        fail(errors);
        return;
      }
      resolve({ value: JSON.parse(out.slice(out.search(/[[{]/))), peakRssBytes });
    });
  });
}

/** Linux keeps the high-water mark while the process lives. */
function peakOf(pid) {
  if (process.platform !== 'linux') return undefined;
  try {
    const kib = /VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}
