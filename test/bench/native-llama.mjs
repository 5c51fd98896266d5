/** A llama.cpp that is compiled for the processor at hand: the best that it can do here. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { StepError, cache, find, mustRun, need } from '../workbench/process.mjs';

/** The Python package whose source carries llama.cpp; test/oracle/recorded was made with the same. */
const version = '0.3.36';
export const nativeLlamaVersion = `llama.cpp in llama-cpp-python ${version}`;

const settings = {
  CMAKE_BUILD_TYPE: 'Release',
  BUILD_SHARED_LIBS: 'OFF',
  GGML_NATIVE: 'ON',
  LLAMA_CURL: 'OFF',
  LLAMA_OPENSSL: 'OFF',
  LLAMA_BUILD_TESTS: 'OFF',
  LLAMA_BUILD_UI: 'OFF',
  // Otherwise it asks Git, and finds this repository.
  LLAMA_BUILD_NUMBER: '0',
  LLAMA_BUILD_COMMIT: 'unknown',
};

/** The path of one of its programs, which is built when it is not there yet: some 70 MB and ten minutes. */
export async function installNativeLlama(name = 'llama-bench') {
  const folder = join(cache, 'rival', `llama-cpp-python-${version}`);
  const build = join(folder, 'build');
  const program = join(build, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  if (existsSync(program)) {
    return program;
  }
  await need([
    { programs: ['python3', 'python', 'py'], debian: 'python3-pip' },
    { programs: ['cmake'], debian: 'cmake' },
    { programs: ['c++', 'g++', 'clang++', 'cl'], debian: 'g++' },
  ]);
  const source = join(folder, 'source', 'vendor', 'llama.cpp');
  if (!existsSync(join(source, 'CMakeLists.txt'))) {
    await fetchSource(folder);
  }
  const switches = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  await mustRun('Configuring llama.cpp', 'cmake', ['-S', source, '-B', build, ...switches]);
  const jobs = String(availableParallelism());
  const target = ['--build', build, '--config', 'Release', '--target', name, '--parallel', jobs];
  await mustRun('Building llama.cpp', 'cmake', target);
  if (!existsSync(program)) {
    throw new StepError(
      `Building llama.cpp left no ${program}.${name === 'llama-bench' ? ' With --llama-bench you can name one of your own.' : ''}`,
    );
  }
  return program;
}

/** pip fetches it, so that its index, mirror, proxy and certificates are those that the user has set up. */
async function fetchSource(folder) {
  await rm(folder, { recursive: true, force: true });
  const source = join(folder, 'source');
  await mkdir(source, { recursive: true });
  // pip asks a source package for its metadata, and fetches what this takes as a wheel: so only the package itself is
  // restricted to source.
  await mustRun('Fetching the source of llama.cpp', find('python3', 'python', 'py'), [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--no-binary=llama-cpp-python',
    `--dest=${folder}`,
    `llama-cpp-python==${version}`,
  ]);
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tar.gz'));
  if (archive === undefined) {
    throw new StepError('pip did not leave the source of llama.cpp.');
  }
  await mustRun('Unpacking llama.cpp', 'tar', ['-xzf', join(folder, archive), '-C', source, '--strip-components=1']);
  await rm(join(folder, archive));
}
