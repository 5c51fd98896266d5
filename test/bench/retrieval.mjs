/**
 * How well the index of a workspace finds the files that a question is about, beside plain BM25 on pieces of 60 lines,
 * of all files and of sources alone:
 *   node test/bench/retrieval.mjs --data DIR --trees DIR [--misses]
 * DIR of --data has `qa/swe-qa.jsonl` (SWE-QA: peng-weihan/SWE-QA-Bench, Apache-2.0); it is for measuring only. DIR of
 * --trees has the source packages of its repositories, unpacked, as `pip download --no-deps --no-binary :all:` brings
 * them: flask-3.1.1, pylint-3.3.8, pytest-8.4.2, requests-2.32.5, sqlfluff-3.4.2. Files of an answer that are not in
 * the package do not count. `--misses` lists the questions whose files are not among the first five.
 */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { StepError, cache, main, root } from '../workbench/process.mjs';
import { bundled } from './module.mjs';
import { plainBm25 } from './retrieval/plain-bm25.mjs';
import { readQuestions } from './retrieval/questions.mjs';

const mostHits = 300;

/** The place of the first right file, from 1; Infinity when none was found. */
function placeOf(paths, gold) {
  const at = [...new Set(paths)].findIndex((path) => gold.includes(path));
  return at < 0 ? Infinity : at + 1;
}

function figures(places) {
  const share = (test) => places.filter(test).length / places.length;
  const mrr = places.reduce((sum, place) => sum + 1 / place, 0) / places.length;
  return [share((place) => place === 1), share((place) => place <= 5), mrr].map((one) => one.toFixed(3)).join('  ');
}

function countLines(tree, paths) {
  return paths.reduce((sum, path) => sum + readFileSync(join(tree, path), 'utf8').split('\n').length, 0);
}

await main(async () => {
  const { values } = parseArgs({
    options: { data: { type: 'string' }, trees: { type: 'string' }, misses: { type: 'boolean', default: false } },
  });
  if (values.data === undefined || values.trees === undefined) throw new StepError('Give --data DIR and --trees DIR.');
  const { Syntax, WorkspaceIndex, fileKind, startSyntaxWorker, walk } = await bundled(
    'extension/server/index/workspace-index.ts',
    'extension/server/index/file-kind.ts',
    'extension/server/index/walk.ts',
    'extension/server/syntax/syntax.ts',
  );
  const syntax = new Syntax(() => startSyntaxWorker(root));
  const saved = join(cache, 'bench', `retrieval-${process.pid}.index`);
  const all = { ours: [], plain: [], sources: [] };
  console.log('                         hit@1  hit@5  MRR');
  for (const { name, tree, questions } of readQuestions(resolve(values.data), resolve(values.trees))) {
    const loop = monitorEventLoopDelay({ resolution: 1 });
    loop.enable();
    const start = performance.now();
    const index = new WorkspaceIndex(tree, syntax);
    await index.refresh();
    const built = performance.now();
    const places = { ours: [], plain: [], sources: [] };
    for (const { id, question, gold } of questions) {
      const hits = await index.search(question, mostHits);
      places.ours.push(
        placeOf(
          hits.map(({ path }) => path),
          gold,
        ),
      );
      if (values.misses && places.ours.at(-1) > 5) {
        console.log(`  ${id} at ${places.ours.at(-1)}: ${question}\n    wanted ${gold.join(' ')}`);
      }
    }
    const searched = performance.now();
    loop.disable();
    await index.save(saved);
    const again = new WorkspaceIndex(tree, syntax);
    const loading = performance.now();
    await again.load(saved);
    await again.refresh();
    const loaded = performance.now();
    const paths = [];
    for await (const { path } of walk(tree)) paths.push(path);
    const plain = plainBm25(tree, paths);
    const sources = plainBm25(
      tree,
      paths.filter((path) => path.endsWith('.py') && fileKind(path) === 'source'),
    );
    for (const { question, gold } of questions) {
      places.plain.push(placeOf(plain(question), gold));
      places.sources.push(placeOf(sources(question), gold));
    }
    const lines = countLines(tree, paths);
    const per = (amount) => ((amount * 100_000) / lines).toFixed(2);
    console.log(`${name.padEnd(12)} ours        ${figures(places.ours)}`);
    console.log(`${' '.repeat(12)} plain BM25  ${figures(places.plain)}`);
    console.log(`${' '.repeat(12)} of sources  ${figures(places.sources)}`);
    console.log(
      `${' '.repeat(12)} ${paths.length} files, ${lines} lines, ${index.size.chunks} chunks; per 100,000 lines: ` +
        `${per((built - start) / 1000)} s to build, ${per((loaded - loading) / 1000)} s to load and check, ` +
        `${per(index.bytes / 1e6)} MB of numbers, ${per(statSync(saved).size / 1e6)} MB on disk; ` +
        `${((searched - built) / questions.length).toFixed(0)} ms a question, ` +
        `the message loop held for at most ${(loop.max / 1e6).toFixed(0)} ms`,
    );
    all.ours.push(...places.ours);
    all.plain.push(...places.plain);
    all.sources.push(...places.sources);
  }
  console.log(`${`all ${all.ours.length}`.padEnd(12)} ours        ${figures(all.ours)}`);
  console.log(`${' '.repeat(12)} plain BM25  ${figures(all.plain)}`);
  console.log(`${' '.repeat(12)} of sources  ${figures(all.sources)}`);
  rmSync(saved, { force: true });
  syntax.dispose();
});
