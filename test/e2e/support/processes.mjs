/** What the operating system knows about the engine's process. Linux only: it reads /proc. */
import { readFile, readdir, readlink } from 'node:fs/promises';

/** The engine's process of a VS Code server; undefined when it does not run. */
export async function enginePid(server) {
  return (await enginePids(server))[0];
}

/**
 * The engine's processes: the one that all windows share, and the lab's while there is one. The shared one is no child
 * of the server, so they are known by the extension that they run.
 */
export async function enginePids({ userFolder }) {
  const isOurs = (command) =>
    command.split('\0').some((word) => word.startsWith(`${userFolder}/`) && word.endsWith('/dist/server.js'));
  return processesWith(isOurs);
}

/** The extension hosts of a server's windows. */
export async function extensionHostPids({ pid }) {
  const found = await processesWith((command) => command.split('\0').includes('--type=extensionHost'));
  const below = await Promise.all(found.map((host) => isBelow(host, pid)));
  return found.filter((_, index) => below[index]);
}

async function processesWith(isWanted) {
  const found = [];
  for (const pid of await processes()) {
    if (isWanted(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))) found.push(pid);
  }
  return found;
}

async function parentOf(pid) {
  return Number((await statFields(pid))[1]);
}

/** CPU time that a process has used so far, in milliseconds. */
export async function cpuMs(pid) {
  const fields = await statFields(pid);
  const ticksPerSecond = 100;
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/**
 * How long a process goes on computing after the key that `stop` presses, in milliseconds: from the moment in which the
 * page gets the key (how long the driver takes to press it is not the product's time) to the start of the first 20 ms
 * with at most one tick of CPU time that half a second of rest follows.
 */
export async function msUntilIdle(window, pid, stop, limit = 10_000) {
  const end = Date.now() + limit;
  const busyBefore = await cpuMs(pid);
  await stop();
  let quietSince = Date.now();
  let atQuiet = await cpuMs(pid);
  let before = atQuiet;
  while (Date.now() < end) {
    await sleep(20);
    const now = await cpuMs(pid);
    if (now - before > tickMs || now - atQuiet > 3 * tickMs) {
      quietSince = Date.now();
      atQuiet = now;
    }
    before = now;
    if (Date.now() - quietSince >= 500) {
      const ms = quietSince - (await window.lastKeyAt());
      console.log(`# at rest ${ms} ms after the stop (${now - busyBefore} ms of CPU time from the key press on)`);
      return ms;
    }
  }
  return Infinity;
}

const tickMs = 10;

function sleep(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** The Internet sockets that a process has open, as lines of /proc/net. */
export async function internetSockets(pid) {
  const links = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(links.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  const inodes = new Set(targets.map((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1]).filter(Boolean));
  const found = [];
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6']) {
    const lines = (await readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '')).split('\n').slice(1);
    for (const line of lines) {
      const inode = line.trim().split(/\s+/)[9];
      if (inode !== undefined && inodes.has(inode)) found.push(`${table} ${line.trim()}`);
    }
  }
  return found;
}

async function processes() {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

async function isBelow(pid, ancestor) {
  for (let current = pid; current > 1; current = await parentOf(current).catch(() => 0)) {
    if (current === ancestor) return true;
  }
  return false;
}

/**
 * Watches the processes below a server until `stop`, which resolves with those that ran in `folder` or whose program is
 * in it. What lives for less than a few milliseconds can be missed.
 */
export function watchForPrograms(serverPid, folder) {
  const found = new Set();
  const ending = new AbortController();
  const isInside = (path) => path === folder || path.startsWith(`${folder}/`);
  const done = (async () => {
    while (!ending.signal.aborted) {
      for (const pid of await processes()) {
        const [cwd, program] = await Promise.all(
          ['cwd', 'exe'].map((name) => readlink(`/proc/${pid}/${name}`).catch(() => '')),
        );
        if ((isInside(cwd) || isInside(program)) && (await isBelow(pid, serverPid))) {
          const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
          found.add(`${command.replaceAll('\0', ' ')} in ${cwd}`);
        }
      }
      await sleep(5);
    }
  })();
  return async () => {
    ending.abort();
    await done;
    return [...found];
  };
}

/** The fields of /proc/PID/stat from the state on: the name before it may hold spaces. */
async function statFields(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/**
 * The smallest of up to three measurements, or the first within the limit. Whatever else runs on the machine only ever
 * adds to a time, so the smallest is the product's own.
 */
export async function smallest(limit, measure) {
  let best = Infinity;
  for (let attempt = 0; attempt < 3 && best > limit; attempt += 1) {
    best = Math.min(best, await measure(attempt));
  }
  return best;
}
