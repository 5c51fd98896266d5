/**
 * A sandbox for code that a model wrote: a root folder of its own with the system's programs read-only and nothing of
 * the user's, no network, no other processes, no capabilities, and limits. Linux only.
 */
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { EngineError } from '../../../engine/errors.ts';
import type { Host } from '../../../host.ts';
import { findProgram, outputOf } from '../../../programs.ts';

export interface Python {
  readonly executable: string;
  /** The folder of its library. */
  readonly prefix: string;
}

/** How to run Python programs; they are written to the standard input of `program`. */
export interface Sandbox {
  /** Absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Whether the program is isolated. Otherwise only limits apply. */
  readonly isolated: boolean;
}

export const limits = {
  /** Limits of CPU time and of wall-clock time. */
  seconds: 3,
  memoryBytes: 2 ** 30,
  fileBytes: 16 * 2 ** 20,
  processes: 32,
  openFiles: 64,
} as const;

type ProgramHost = Pick<Host, 'env' | 'platform'>;

/** Throws `notFound` with what to do. */
export async function findPython(host: ProgramHost): Promise<Python> {
  const script = 'import sys; print(sys.executable); print(sys.base_prefix)';
  try {
    const program = findProgram('python3', host) ?? '';
    const call = { program, args: ['-I', '-c', script], folder: tmpdir(), env: host.env };
    const stdout = await outputOf(call, { timeoutMs: 10_000 });
    const [executable = '', prefix = ''] = stdout.trim().split('\n');
    return { executable: await realpath(executable), prefix: await realpath(prefix) };
  } catch (error) {
    throw new EngineError(
      'notFound',
      'HumanEval runs what the model writes with Python, and there is no python3. Install Python 3 and try again.',
      error,
    );
  }
}

/** `root`: an empty folder that the sandbox may use. Undefined when this system offers no isolation. */
export async function findIsolation(python: Python, root: string, host: ProgramHost): Promise<Sandbox | undefined> {
  const program = host.platform === 'linux' ? findProgram('unshare', host) : undefined;
  if (program === undefined) {
    return undefined;
  }
  const isRoot = process.getuid?.() === 0;
  const sandbox = {
    program,
    args: [
      ...(isRoot ? [] : ['--user', '--map-root-user']),
      '--mount',
      '--net',
      '--pid',
      '--ipc',
      '--uts',
      '--fork',
      '--kill-child=KILL',
      '/bin/sh',
      '-c',
      isolatedScript,
      'sh',
      root,
      python.prefix,
      python.executable,
      isRoot ? 'nobody' : 'same',
    ],
    isolated: true,
  };
  const probe =
    'import os, socket; print([name for _, name in socket.if_nameindex()], os.listdir("."), os.getpid() < 9)';
  try {
    const call = { ...sandbox, folder: root, env: emptyEnvironment };
    const stdout = await outputOf(call, { timeoutMs: 10_000, input: probe });
    // The loopback device, an empty folder, and processes that are counted anew.
    return /^\[(?:'lo')?\] \[\] True\s*$/u.test(stdout) ? sandbox : undefined;
  } catch {
    return undefined;
  }
}

/** Limits only, for a user who accepts to run without isolation. */
export function limitsOnly(python: Python): Sandbox {
  const { seconds, memoryBytes, fileBytes } = limits;
  const script = `ulimit -t ${seconds}; ulimit -f ${fileBytes / 512}; ulimit -v ${memoryBytes / 1024} 2>/dev/null; exec "$1" -I -B -`;
  return process.platform === 'win32'
    ? { program: python.executable, args: ['-I', '-B', '-'], isolated: false }
    : { program: '/bin/sh', args: ['-c', script, 'sh', python.executable], isolated: false };
}

export const emptyEnvironment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME: '/work' };

/**
 * $1 root, $2 Python's prefix, $3 Python, $4 whose rights the program gets. Runs in new namespaces, so that its mounts
 * are seen by nobody else and end with it.
 */
const isolatedScript = `
set -e
root=$1
mount --make-rprivate /
mount -t tmpfs -o size=64m,mode=755 tmpfs "$root"
for folder in /usr /bin /sbin /lib /lib32 /lib64 "$2"; do
  if [ -L "$folder" ]; then cp -P "$folder" "$root$folder"
  elif [ -d "$folder" ] && [ ! -d "$root$folder/bin" ]; then
    mkdir -p "$root$folder"
    mount --rbind "$folder" "$root$folder"
    mount -o remount,bind,ro "$root$folder"
  fi
done
mkdir -m 755 "$root/dev" "$root/etc"
mkdir -m 777 "$root/work" "$root/tmp"
for device in null urandom; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
[ ! -f /etc/ld.so.cache ] || cp /etc/ld.so.cache "$root/etc/"
rights="--no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all"
[ "$4" != nobody ] || rights="$rights --reuid=65534 --regid=65534 --clear-groups"
exec chroot "$root" /bin/sh -c 'cd /work && exec "$@"' sh setpriv $rights \\
  prlimit --cpu=${limits.seconds} --as=${limits.memoryBytes} --fsize=${limits.fileBytes} \\
  --nproc=${limits.processes} --nofile=${limits.openFiles} --core=0 "$3" -I -B -
`;
