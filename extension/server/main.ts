/**
 * Entry of the process that holds the engine. `--room FOLDER`: the room, shared by all windows and independent of the
 * one that started it. Otherwise a private child of one editor over node IPC, which ends with it, whatever happens.
 */
import { fileURLToPath } from 'node:url';
import { ProposedFeatures, createConnection } from 'vscode-languageserver/node';
import { nodeHost } from './host.ts';
import { runRoom } from './room/run-room.ts';
import { createRoom } from './room/room.ts';
import { serve } from './server.ts';

const host = nodeHost(process, fileURLToPath(new URL('..', import.meta.url)));
const [mode, folder, emptyMs] = process.argv.slice(2);

if (mode === '--room' && folder !== undefined) {
  await runRoom(host, folder, emptyMs === undefined ? undefined : Number(emptyMs));
} else {
  process.on('disconnect', () => process.exit(0));
  serve(createConnection(ProposedFeatures.all), createRoom(host), { isOwner: true });
}
