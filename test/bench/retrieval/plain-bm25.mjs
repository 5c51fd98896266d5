/** The baseline: BM25 (k1 1.2, b 0.75) on pieces of 60 lines; a file is as good as its best piece. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const length = 60;

/** Words of identifiers and of prose, in lower case. */
function wordsOf(text) {
  return (text.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? []).map((word) => word.toLowerCase());
}

/** A function that ranks the files for a question. */
export function plainBm25(tree, paths) {
  const pieces = paths.flatMap((path) => {
    const lines = readFileSync(join(tree, path), 'utf8').split('\n');
    const found = [];
    for (let at = 0; at < lines.length; at += length) {
      const words = wordsOf(lines.slice(at, at + length).join('\n'));
      const counts = new Map();
      for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
      found.push({ path, counts, length: words.length });
    }
    return found;
  });
  const having = new Map();
  for (const { counts } of pieces) for (const word of counts.keys()) having.set(word, (having.get(word) ?? 0) + 1);
  const mean = pieces.reduce((sum, piece) => sum + piece.length, 0) / pieces.length;
  return (question) => {
    const words = [...new Set(wordsOf(question))].filter((word) => having.has(word));
    const best = new Map();
    for (const piece of pieces) {
      let score = 0;
      for (const word of words) {
        const count = piece.counts.get(word) ?? 0;
        const rarity = Math.log(1 + (pieces.length - having.get(word) + 0.5) / (having.get(word) + 0.5));
        score += (rarity * count * 2.2) / (count + 1.2 * (0.25 + (0.75 * piece.length) / mean));
      }
      best.set(piece.path, Math.max(best.get(piece.path) ?? 0, score));
    }
    return [...best].sort(([, one], [, other]) => other - one).map(([path]) => path);
  };
}
