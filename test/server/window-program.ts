/**
 * A window's part in the room, as a process of its own: connects as the editor does, says so in a line of JSON, and
 * stays until it is killed or its stdin ends. Arguments: the module of the server, and how long an empty room waits.
 */
import { connectEngine } from '../../extension/client/engine/connect-engine.ts';
import { windowOptions } from './window-options.ts';

const [module = '', emptyMs = ''] = process.argv.slice(2);
const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
const silent = (): void => {};
const warn = (message: string | Error): void => say({ event: 'warning', text: String(message) });

async function main(): Promise<void> {
  const options = windowOptions(undefined);
  const log = { debug: silent, info: silent, warn, error: warn };
  const about = { module, options, log, debugPort: 0, endedText: 'ended', version: 'test', emptyMs: Number(emptyMs) };
  const connection = await connectEngine(about, new AbortController().signal);
  connection.onLost((reason) => say({ event: 'lost', reason }));
  say({ event: 'connected', pid: connection.pid });
  process.stdin.resume().once('end', () => void connection.close().then(() => process.exit(0)));
}

void main();
