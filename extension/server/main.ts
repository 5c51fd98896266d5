/**
 * Entry of the child process that holds the engine. The editor starts it over node IPC and it ends with the
 * editor, whatever happens.
 */
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ProposedFeatures, createConnection } from 'vscode-languageserver/node';
import type { Host } from './host.ts';
import { serve } from './server.ts';

const host: Host = {
  env: process.env,
  platform: process.platform,
  arch: process.arch,
  pid: process.pid,
  homeFolder: homedir(),
  installFolder: fileURLToPath(new URL('..', import.meta.url)),
  isAlive: (pid) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  },
};

process.on('disconnect', () => process.exit(0));
serve(createConnection(ProposedFeatures.all), host);
