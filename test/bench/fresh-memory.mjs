/**
 * What memory costs that no process had before: `node fresh-memory.mjs BYTES`, in a process of its own, prints
 * milliseconds as JSON. A virtual machine gives memory that nobody used for some seconds back to its host, and then
 * whoever needs it first waits for the host. So this is a limit of loading.
 */
import { constants } from 'node:buffer';

const pageBytes = 4096;
let left = Number(process.argv[2]);
const start = performance.now();
// Kept until the end, so that each is other memory.
const pieces = [];
while (left > 0) {
  const piece = Buffer.allocUnsafeSlow(Math.min(left, constants.MAX_LENGTH, 2 ** 30));
  for (let at = 0; at < piece.length; at += pageBytes) piece[at] = 1;
  pieces.push(piece);
  left -= piece.length;
}
console.log(JSON.stringify({ ms: performance.now() - start, pieces: pieces.length }));
