/** Git in the repositories of a test, whatever this machine has set up for it. */
import { execFileSync } from 'node:child_process';

export function git(folder, ...args) {
  const author = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org', '-c', 'commit.gpgsign=false'];
  execFileSync('git', ['-C', folder, ...author, ...args], { stdio: 'ignore' });
}

export function commitAll(folder, message) {
  git(folder, 'add', '.');
  git(folder, 'commit', '--quiet', `--message=${message}`);
}
