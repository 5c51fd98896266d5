/**
 * A recording as words and numbers in lines, for the engine's own tests, which read no JSON:
 *   spread NLL MARGIN
 *   text HEX-OR-MINUS COUNT id...         ids with control tokens parsed
 *   score COUNT id... nll...              one likelihood less than ids
 *   greedy COUNT id... COUNT token... margin...
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const recordings = new URL('recorded/', import.meta.url);

/** Only so much that an emulator has done with it in half a minute. Returns `file`. */
export async function writeAsText(name, file, { scored = 129, prompts = 3, tokens = 12 } = {}) {
  const recorded = JSON.parse(await readFile(new URL(`${name}.json`, recordings), 'utf8'));
  const { ids, nll } = recorded.score;
  const list = (values) => [values.length, ...values];
  const lines = [
    ['spread', recorded.spread.nll, recorded.spread.margin],
    ...recorded.texts.map(({ bytes, special }) => [
      'text',
      Buffer.from(bytes, 'base64').toString('hex') || '-',
      ...list(special),
    ]),
    ['score', ...list(ids.slice(0, scored)), ...nll.slice(0, scored - 1)],
    ...recorded.greedy
      .slice(0, prompts)
      .map((one) => [
        'greedy',
        ...list(one.ids),
        ...list(one.tokens.slice(0, tokens)),
        ...one.margins.slice(0, tokens),
      ]),
  ];
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${lines.map((line) => line.join(' ')).join('\n')}\n`);
  return file;
}
