/** One CPU-bound process for each core: a compiler run, as the engine meets it on a developer's laptop. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';

/** A process that computes until it is ended, or until the one that started it is gone. */
const program = `
  for (;;) {
    for (let i = 0; i < 1e8; i += 1);
    try { process.kill(${process.pid}, 0); } catch { process.exit(); }
  }`;

/** Does the work beside them. */
export async function besideBusyCores(work) {
  const children = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', program], { stdio: 'ignore' }),
  );
  try {
    // Until they have started, they are not busy.
    await setTimeout(300);
    return await work();
  } finally {
    children.forEach((child) => child.kill('SIGKILL'));
  }
}
