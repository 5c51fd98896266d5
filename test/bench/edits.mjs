/**
 * What guessing brings to edits: `node test/bench/edits.mjs [--model NAME] [--threads N] [--cases N] [--chats N]`.
 *
 * Each case is an edit of this project's own code, with the prompt that the product builds, greedy, once with one token
 * a pass and once with guesses. Both must give the same text. A free chat, in which little can be guessed, is repeated,
 * since its ratio is near one. Prints tokens per second and their ratio, the medians last.
 */
import { strict as assert } from 'node:assert';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { greedySampling } from '../workbench/models.mjs';
import { main, outputOf, root } from '../workbench/process.mjs';
import { editCases } from './edit-cases.mjs';
import { bundled } from './module.mjs';
import { median } from './report.mjs';

const chat = 'Explain in about 200 words how a hash table grows, for someone who knows arrays.';

await main(async () => {
  const cases = editCases();
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'qwen2.5-coder-1.5b-instruct' },
      threads: { type: 'string', default: String(cpus().length) },
      cases: { type: 'string', default: String(cases.length) },
      chats: { type: 'string', default: '5' },
    },
  });
  const prompts = await bundled('extension/server/prompt/edit.ts');
  const { entries } = JSON.parse(outputOf(process.execPath, [join(root, 'dist/cli.js'), 'models', 'list', '--json']));
  const path = entries.find(({ id }) => id === values.model)?.path;
  assert.ok(
    path,
    `The model ${values.model} is not there: get it with \`node dist/cli.js models get ${values.model}\`.`,
  );
  const addon = createRequire(import.meta.url)(
    join(root, `dist/native/${process.platform}-${process.arch}/paddock.node`),
  );
  const options = { threads: Number(values.threads), contextLength: 8192, prefixCacheBytes: 0, snapshotBytes: 0 };
  const model = await addon.loadModel(path, options, () => {}).result;

  const ratios = [];
  for (const { file, selection, instruction } of cases.slice(0, Number(values.cases))) {
    const prompt = prompts.buildEditPrompt(model, {
      kind: 'rewrite',
      instruction,
      selection,
      before: '',
      after: '',
      path: file,
      languageId: file.endsWith('.cc') ? 'cpp' : file.endsWith('.ts') ? 'typescript' : 'javascript',
      diagnostics: [],
      eol: '\n',
    });
    ratios.push(await compare(model, prompt, `${instruction} (${file}, ${selection.split('\n').length} lines)`));
  }
  const tokens = model.tokenize(`<|im_start|>user\n${chat}<|im_end|>\n<|im_start|>assistant\n`, true);
  const chats = [];
  for (let i = 0; i < Number(values.chats); i += 1) {
    chats.push(await compare(model, { tokens, maxTokens: 300, stop: [] }, 'free chat'));
  }
  for (const [name, list] of Object.entries({ edits: ratios, chats })) {
    if (list.length > 0)
      console.log(`${name}: median ${median(list).toFixed(2)}, least ${Math.min(...list).toFixed(2)}`);
  }
  await model.unload();
});

async function compare(model, { tokens, maxTokens, stop, prediction }, title) {
  const run = async (speculate) =>
    model.generate(
      {
        ...greedySampling,
        prompt: tokens,
        maxTokens,
        stop: [...stop],
        stopTokens: [],
        speculate,
        ...(prediction === undefined ? {} : { prediction }),
      },
      () => {},
    ).result;
  const plain = await run(false);
  const guessed = await run(true);
  assert.equal(guessed.text, plain.text, 'guesses changed the answer');
  const speed = ({ tokens: made, decodeMs }) => (made.length * 1000) / decodeMs;
  const ratio = speed(guessed) / speed(plain);
  console.log(
    `${ratio.toFixed(2)}  ${speed(plain).toFixed(1)} -> ${speed(guessed).toFixed(1)} tokens/s, ${plain.tokens.length} tokens, ${guessed.acceptedTokens} of ${guessed.draftedTokens} guesses right: ${title}`,
  );
  return ratio;
}
