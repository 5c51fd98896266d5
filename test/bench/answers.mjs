/**
 * How a model answers questions from the code of a workspace:
 *   node test/bench/answers.mjs --data DIR --trees DIR --model NAME [--limit N] [--fresh]
 * The folders are those of retrieval.mjs. Asks N questions of each repository, and 30 about things that none of them
 * has. Prints how many were found; how many citations hold a name or two words of the sentence before them, looked up
 * in the files anew; how often the right file is cited; and how long reading took. Results are kept in the cache
 * folder, and a run goes on where one before it ended.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StepError, main, root } from '../workbench/process.mjs';
import { bundled } from './module.mjs';
import { median } from './report.mjs';
import { Results } from './results.mjs';
import { readQuestions } from './retrieval/questions.mjs';

const mostPlaces = 12;

/** Nothing of these is in a web framework, an HTTP client, a test runner or a checker of Python or SQL. */
const absent = [
  'How are messages published to Kafka?',
  'Which class compresses images to WebP?',
  'How is the Bluetooth connection paired?',
  'Where are invoices rendered as PDF?',
  'How does the physics engine detect collisions?',
  'Which function trains the neural network?',
  'How are GPS coordinates converted to a map projection?',
  'Where is the Stripe payment captured?',
  'How does the garbage collector mark objects?',
  'Which module encodes H.264 video?',
  'How is a Kubernetes pod scheduled?',
  'Where are push notifications sent to iOS?',
  'How does the chess engine evaluate a position?',
  'Which class reads the fingerprint sensor?',
  'How is the blockchain validated?',
  'Where are audio samples mixed?',
  'How does the scheduler assign shifts to nurses?',
  'Which function computes the tax of an order?',
  'How is the robot arm calibrated?',
  'Where does the spreadsheet evaluate formulas?',
  'How are shaders compiled for the GPU?',
  'Which class talks to the printer?',
  'How does the search for cheap flights work?',
  'Where is a DNA sequence aligned?',
  'How are raft log entries replicated to followers?',
  'Which function renders glyphs of a font?',
  'How does the thermostat control the heating?',
  'Where are seats of a theatre reserved?',
  'How is speech turned into text?',
  'Which module parses DICOM files?',
];

/** Whether the cited lines hold a name or two longer words of what stands before the citation. */
function holds(tree, sentence, { path, startLine, endLine }) {
  const lines = readFileSync(join(tree, path), 'utf8').split('\n');
  if (startLine < 1 || endLine < startLine || endLine > lines.length) return false;
  const code = lines.slice(startLine - 1, endLine).join('\n');
  const words = new Set(sentence.match(/[\p{L}_$][\p{L}\p{N}_$]+/gu) ?? []);
  const names = [...words].filter((word) => /_|\p{Ll}\p{Lu}/u.test(word) || sentence.includes(`\`${word}`));
  const hasWord = (word) => code.toLowerCase().includes(word.toLowerCase().slice(0, 6));
  return (
    names.some((name) => code.includes(name)) ||
    [...words].filter((word) => word.length > 4 && hasWord(word)).length > 1
  );
}

/** Each citation with the sentence that it ends. */
function citedIn(text) {
  const found = [];
  for (const { 0: whole, 1: places, index } of text.matchAll(
    / \(([^()\s]+:\d+(?:-\d+)?(?:, [^()\s]+:\d+(?:-\d+)?)*)\)/gu,
  )) {
    const before = text.slice(0, index);
    const sentence = before.slice(Math.max(before.lastIndexOf('\n'), before.search(/[.!?]\s[^.!?]*$/u)) + 1);
    for (const place of places.split(', ')) {
      const [, path, start, end] = /^(.+):(\d+)(?:-(\d+))?$/u.exec(place);
      found.push({ sentence, path, startLine: Number(start), endLine: Number(end ?? start), whole });
    }
  }
  return found;
}

function report(name, all) {
  const cited = all.flatMap(({ checks }) => checks);
  const right = all.filter(({ isRight }) => isRight).length;
  console.log(
    `${name}: ${all.filter(({ found }) => found).length} of ${all.length} found; ${cited.filter(Boolean).length} of ${cited.length} citations hold, ` +
      `${all.reduce((sum, { removed }) => sum + removed, 0)} were removed before; the right file is cited in ${right}; ` +
      `${median(all.map(({ promptTokens }) => promptTokens)).toFixed(0)} tokens read in ${median(all.map(({ prefillMs }) => prefillMs)).toFixed(0)} ms`,
  );
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      trees: { type: 'string' },
      model: { type: 'string' },
      limit: { type: 'string', default: '20' },
      fresh: { type: 'boolean', default: false },
    },
  });
  const { data, trees, model: modelName } = values;
  if (data === undefined || trees === undefined || modelName === undefined) {
    throw new StepError('Give --data DIR, --trees DIR and --model NAME.');
  }
  const product = await bundled(
    'extension/server/session.ts',
    'extension/server/host.ts',
    'extension/server/room/room.ts',
    'extension/server/chat/chat.ts',
    'extension/server/codebase/ask-codebase.ts',
    'extension/server/index/workspace-index.ts',
  );
  const options = { modelsFolder: undefined, threads: 0, contextLength: 0 };
  const session = await product.createSession(product.createRoom(product.nodeHost(process, root)), options);
  const { engine, syntax } = session;
  const { signal } = new AbortController();
  await engine.load(await session.store.resolve(modelName), { signal });
  const answers = {
    chat: (...asked) => product.answerChat(engine, ...asked),
    count: (text) => Promise.resolve(engine.model.tokenize(text, false).length),
  };
  const results = new Results('answers', [modelName], values.fresh);
  const ask = async (index, tree, { id, question, gold }) => {
    if (results.of(id) === undefined) {
      const hits = await index.search(question, mostPlaces);
      const asked = await product.askCodebase({ folder: tree, question, hits }, answers, signal, () => {});
      const { text, timings } = asked.result;
      const checks = citedIn(text).map((cited) => holds(tree, cited.sentence, cited));
      const isRight = asked.citations.some(({ path }) => gold.includes(path));
      const { promptTokens, prefillMs } = timings;
      results.add({
        id,
        question,
        text,
        found: asked.found,
        removed: asked.removed,
        checks,
        isRight,
        promptTokens,
        prefillMs,
      });
    }
    return results.of(id);
  };
  const repositories = readQuestions(resolve(data), resolve(trees));
  const there = [];
  const missing = [];
  for (const [number, { name, tree, questions }] of repositories.entries()) {
    const index = new product.WorkspaceIndex(tree, syntax);
    await index.refresh();
    const own = [];
    for (const question of questions.slice(0, Number(values.limit))) own.push(await ask(index, tree, question));
    report(name, own);
    there.push(...own);
    // Each repository is asked a share of them.
    for (const [at, question] of absent.entries()) {
      if (at % repositories.length !== number) continue;
      missing.push(await ask(index, tree, { id: `absent/${at}`, question, gold: [] }));
    }
  }
  report('all', there);
  console.log(
    `of ${missing.length} questions about what is not there ${missing.filter(({ found }) => !found).length} were not found`,
  );
  syntax.dispose();
  await engine.unload();
});
