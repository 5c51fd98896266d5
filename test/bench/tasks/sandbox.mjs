/**
 * Runs programs that a model wrote: namespaces of their own, a root with the system's programs and the compilers
 * read-only, no network, no rights, limits. Linux only, as `paddock evaluate --metric humaneval`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, realpathSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { StepError, cache } from '../../workbench/process.mjs';

const longestMs = 60_000;
const cpuSeconds = 20;

/** Folders besides the system's that the compilers need; what is not there is left out. */
function toolFolders() {
  const rust = textOf('rustc', ['--print', 'sysroot']);
  const python = textOf('python3', ['-c', 'import sys; print(sys.base_prefix)']);
  return ['/etc/alternatives', '/etc/java-17-openjdk', rust, python, dirname(dirname(realpathSync(process.execPath)))]
    .filter((folder) => folder !== undefined && folder !== '/usr' && existsSync(folder))
    .map((folder) => realpathSync(folder));
}

function textOf(program, args) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', cwd: tmpdir() }).trim();
  } catch {
    return undefined;
  }
}

/**
 * Copies of the modules and of Go's own compiled packages, which are made once: without them each test would compile
 * the standard library, and without a network it has no modules.
 */
async function addGoCaches(work, files) {
  const made = join(cache, 'tasks', 'go');
  if (!existsSync(join(made, 'cache'))) {
    const folder = mkdtempSync(join(tmpdir(), 'paddock-go-'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const env = {
      ...process.env,
      GOCACHE: join(made, 'cache'),
      GOMODCACHE: join(made, 'modules'),
      GOFLAGS: '-mod=mod',
    };
    execFileSync('go', ['vet', './...'], { cwd: folder, env, stdio: 'ignore' });
    execFileSync('go', ['test', '-run', 'none', './...'], { cwd: folder, env, stdio: 'ignore' });
    await rm(folder, { recursive: true, force: true });
  }
  await cp(join(made, 'modules'), join(work, '.modules'), { recursive: true });
  await cp(join(made, 'cache'), join(work, '.cache'), { recursive: true });
}

const script = `
set -e
root=$1; work=$2; shift 2
mount --make-rprivate /
mount -t tmpfs -o size=1g,mode=755 tmpfs "$root"
while [ "$1" != -- ]; do
  folder=$1; shift
  if [ -L "$folder" ]; then cp -P "$folder" "$root$folder"
  elif [ -d "$folder" ] && [ ! -d "$root$folder/bin" ]; then
    mkdir -p "$root$folder"
    mount --rbind "$folder" "$root$folder"
    mount -o remount,bind,ro "$root$folder"
  fi
done
shift
mkdir -m 755 -p "$root/dev" "$root/etc" "$root/proc"
mkdir -m 777 "$root/work" "$root/tmp"
mount -t proc proc "$root/proc"
cp -r "$work/." "$root/work/"
chmod -R a+rwX "$root/work"
for device in null urandom; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
[ ! -f /etc/ld.so.cache ] || cp /etc/ld.so.cache "$root/etc/"
exec chroot "$root" /bin/sh -c 'cd /work && exec "$@"' sh setpriv --no-new-privs --bounding-set=-all --inh-caps=-all \\
  --ambient-caps=-all --reuid=65534 --regid=65534 --clear-groups \\
  prlimit --cpu=${cpuSeconds} --fsize=${256 * 2 ** 20} --nproc=512 --core=0 --stack=${256 * 2 ** 20} "$@"
`;

const folders = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', ...toolFolders()];

/**
 * Runs a shell script in a folder with these files. Resolves with whether it ended with 0, and what it printed.
 * @param {Record<string, string>} files
 * @param {string} command
 */
export async function runIsolated(files, command) {
  if (process.getuid?.() !== 0) throw new StepError('The tasks run what a model writes and need root to isolate it.');
  const base = mkdtempSync(join(tmpdir(), 'paddock-task-'));
  try {
    const [root, work] = [join(base, 'root'), join(base, 'work')];
    await mkdir(root);
    await mkdir(work);
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(work, name)), { recursive: true });
      await writeFile(join(work, name), text);
    }
    if ('go.mod' in files) await addGoCaches(work, files);
    const env = {
      PATH: `/usr/local/go/bin:${folders.map((folder) => join(folder, 'bin')).join(':')}:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: '/work',
      LANG: 'C.UTF-8',
      GOCACHE: '/work/.cache',
      GOMODCACHE: '/work/.modules',
      GOFLAGS: '-mod=mod',
      GOPROXY: 'off',
      GOSUMDB: 'off',
    };
    const namespaces = ['--mount', '--net', '--pid', '--ipc', '--uts', '--fork', '--kill-child=KILL'];
    const args = ['/bin/sh', '-c', script, 'sh', root, work, ...folders, '--', '/bin/sh', '-c', command];
    const child = spawn('unshare', [...namespaces, ...args], { cwd: base, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), longestMs);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    const [code] = await once(child, 'close');
    clearTimeout(timer);
    return { passed: code === 0, output: output.slice(-2000) };
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}
