/**
 * Entry of the child process that holds the engine. The editor starts it over node IPC and it ends with the
 * editor, whatever happens.
 */
import { fileURLToPath } from 'node:url';
import { ProposedFeatures, createConnection } from 'vscode-languageserver/node';
import { nodeHost } from './host.ts';
import { serve } from './server.ts';

const host = nodeHost(process, fileURLToPath(new URL('..', import.meta.url)));

process.on('disconnect', () => process.exit(0));
serve(createConnection(ProposedFeatures.all), host);
