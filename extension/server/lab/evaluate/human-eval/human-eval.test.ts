import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { passAtK, toProgram } from './human-eval.ts';
import { findIsolation, findPython, limitsOnly } from './isolate.ts';
import type { Sandbox } from './isolate.ts';
import { runProgram } from './run-program.ts';

test('pass@k is the estimate without bias', () => {
  expect(passAtK(1, 1, 1)).toBe(1);
  expect(passAtK(1, 0, 1)).toBe(0);
  expect(passAtK(10, 3, 1)).toBeCloseTo(0.3, 12);
  // 1 - C(7, 5) / C(10, 5)
  expect(passAtK(10, 3, 5)).toBeCloseTo(1 - 21 / 252, 12);
  expect(passAtK(10, 8, 5)).toBe(1);
  expect(passAtK(2, 1, 5)).toBeNaN();
});

const task = {
  id: 'x/0',
  prompt: 'from typing import List\n\ndef helper(x):\n    return x\n\ndef twice(x: int) -> int:\n    """2 * x"""\n',
  entryPoint: 'twice',
  test: 'def check(candidate):\n    assert candidate(3) == 6\n    assert candidate(-1) == -2\n',
};

test('a program has what the prompt gives, the answer and the tests', () => {
  const program = toProgram(task, 'def twice(x):\n    return helper(2 * x)');
  expect(program).toContain('def helper(x)');
  expect(program).not.toContain('"""2 * x"""');
  expect(program.endsWith('check(twice)')).toBe(true);
});

describe.skipIf(process.platform === 'win32')('a program', async () => {
  const python = await findPython(process);
  const signal = new AbortController().signal;
  let folder = '';
  let isolated: Sandbox | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'paddock-run-'));
    isolated = await findIsolation(python, folder, process);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const sandboxes = () => [limitsOnly(python), ...(isolated === undefined ? [] : [isolated])];
  const outcomes = (program: string) =>
    Promise.all(sandboxes().map((sandbox) => runProgram(sandbox, program, folder, signal)));

  test('passes at its end only', async () => {
    for (const { passed, outcome } of await outcomes(toProgram(task, 'def twice(x):\n    return 2 * x'))) {
      expect([passed, outcome]).toEqual([true, 'passed']);
    }
    for (const result of await outcomes(toProgram(task, 'def twice(x):\n    return x'))) {
      expect(result).toEqual({ passed: false, outcome: 'AssertionError' });
    }
    for (const code of ['import sys; sys.exit(0)', 'import os; os._exit(0)', 'while True', 'def twice(x): return 7']) {
      for (const { passed } of await outcomes(toProgram(task, code))) expect(passed).toBe(false);
    }
  });

  test('cannot take all memory, write without end, or print it', async () => {
    for (const code of [
      'x = bytearray(3 << 30)',
      'f = open("big", "wb")\nwhile True: f.write(bytes(1 << 20))',
      'while True: print("x" * 1000)',
    ]) {
      for (const { passed } of await outcomes(code)) expect(passed).toBe(false);
    }
    rmSync(join(folder, 'big'), { force: true });
  }, 30_000);

  test('that does not end is ended, with what it started', async () => {
    const code = 'import subprocess, time\nsubprocess.Popen(["sleep", "77.31"])\ntime.sleep(60)';
    for (const result of await outcomes(code)) expect(result.outcome).toBe('timeout');
    const commands = readdirSync('/proc').filter((name) => /^\d+$/u.test(name));
    const { readFile } = await import('node:fs/promises');
    const lines = await Promise.all(commands.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')));
    expect(lines.filter((line) => line.includes('77.31'))).toEqual([]);
  }, 20_000);

  test('is cancelled', async () => {
    const stop = new AbortController();
    const running = runProgram(limitsOnly(python), 'import time; time.sleep(60)', folder, stop.signal);
    setTimeout(() => stop.abort(), 100);
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('that is isolated sees no files of the user, no network and no processes, and has no rights', async () => {
    if (isolated === undefined) {
      console.warn('This system offers no isolation; the test has nothing to look at.');
      return;
    }
    const code = `
import os, socket
assert not os.path.exists(${JSON.stringify(join(folder, '..', 'vitest'))})
assert os.listdir(".") == [], os.listdir(".")
home = ${JSON.stringify(homedir())}
assert not os.path.exists(home) or set(os.listdir(home)) <= {".pyenv", ".local", ".conda", "miniconda3"}, os.listdir(home)
assert not os.path.exists("/etc/passwd") and not os.path.exists("/proc/1")
assert [name for _, name in socket.if_nameindex()] in ([], ["lo"])
for path in ("/usr/x", "/bin/x", "/x", "/etc/x"):
    try:
        open(path, "w")
    except OSError:
        continue
    raise AssertionError(path)
try:
    os.chroot("/tmp")
    raise AssertionError("chroot")
except PermissionError:
    pass
open("file", "w").write("may be written")
children = 0
try:
    for _ in range(200):
        if os.fork() == 0:
            import time
            time.sleep(30)
        children += 1
except OSError:
    pass
assert children < 100, children
`;
    expect(await runProgram(isolated, code, folder, signal)).toEqual({ passed: true, outcome: 'passed' });
    expect(readdirSync(folder)).toEqual([]);
  });
});
