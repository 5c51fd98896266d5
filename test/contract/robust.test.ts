/** What no file, no request and no moment may do to the process that the addon lives in. Models are tiny. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { addonPath } from '../../extension/server/engine/load-addon.ts';
import { tinyModel } from './tiny-model.ts';

const installFolder = fileURLToPath(new URL('../..', import.meta.url));
const path = addonPath({ installFolder, platform: process.platform, arch: process.arch });
const folder = mkdtempSync(join(tmpdir(), 'paddock-robust-'));
const model = join(folder, 'tiny.gguf');
writeFileSync(model, tinyModel());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that has the addon as `addon`, the model's path as `file`, and requests for four tokens. */
const script = (body: string, addon = path): string => `
  const addon = require(${JSON.stringify(addon)});
  const file = ${JSON.stringify(model)};
  const request = (more) => ({ prompt: Int32Array.from([65, 66]), maxTokens: 4, temperature: 0, topK: 0, topP: 1,
    minP: 0, repetitionPenalty: 1, seed: 0, stop: [], stopTokens: [], ignoreEnd: true, ...more });
  const fails = (work) => Promise.resolve().then(work).then(() => 'no error', (error) => error.code);
  (async () => { ${body} })().catch((error) => { console.error(error); process.exit(9); });`;

function run(body: string): string {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', script(body)], { encoding: 'utf8' });
  expect({ status, signal, stderr }).toMatchObject({ status: 0, signal: null });
  return stdout.trim();
}

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

describe('references to JavaScript', () => {
  test.skipIf(process.platform !== 'linux' || !has('cc') || !has('taskset'))(
    'are deleted on the JavaScript thread alone',
    () => {
      const counter = join(folder, 'count-references.so');
      const source = fileURLToPath(new URL('count-references.c', import.meta.url));
      expect(spawnSync('cc', ['-shared', '-fPIC', '-o', counter, source, '-ldl']).status).toBe(0);
      const watched = join(folder, 'watched.node');
      const bytes = readFileSync(path).toString('latin1');
      writeFileSync(watched, Buffer.from(bytes.replaceAll('napi_delete_reference', 'napj_delete_reference'), 'latin1'));
      const body = `
        const model = await addon.loadModel(file, { threads: 1 }, () => {}).result;
        for (let i = 0; i < 1500; i += 1) await model.generate(request({ maxTokens: 8 }), () => {}).result;
        await model.unload();`;
      // On one CPU the JavaScript thread often runs before the engine's has given a job up.
      const result = spawnSync('taskset', ['-c', '0', process.execPath, '-e', script(body, watched)], {
        env: { ...process.env, LD_PRELOAD: counter },
        encoding: 'utf8',
      });
      expect(result.status).toBe(0);
      const [, all, elsewhere] = /deleted: (\d+), elsewhere: (\d+)/u.exec(result.stderr) ?? [];
      expect(Number(all)).toBeGreaterThan(3000);
      expect(Number(elsewhere)).toBe(0);
    },
    60_000,
  );
});

describe('claims of a file', () => {
  test('take no memory, and an exception ends no process', () => {
    const body = `
      const fs = require('node:fs');
      const sparse = ${JSON.stringify(join(folder, 'sparse.gguf'))}, size = 200e9;
      for (const [tensors, entries] of [[0, size / 13], [size / 24, 0], [0, 60000]]) {
        const head = Buffer.alloc(24);
        head.write('GGUF');
        head.writeUInt32LE(3, 4);
        head.writeBigUInt64LE(BigInt(Math.floor(tensors - 9)) * BigInt(tensors > 0), 8);
        head.writeBigUInt64LE(BigInt(Math.floor(entries - 9)) * BigInt(entries > 0), 16);
        fs.writeFileSync(sparse, head);
        fs.truncateSync(sparse, size);
        console.log(await fails(() => addon.inspect(sparse)));
      }`;
    expect(run(body).split('\n')).toEqual(['invalidModel', 'invalidModel', 'invalidModel']);
  });
});

describe('ids outside the vocabulary', () => {
  test('are refused wherever they enter', () => {
    const body = `
      const model = await addon.loadModel(file, { threads: 1 }, () => {}).result;
      const plain = await model.generate(request({ maxTokens: 20 }), () => {}).result;
      for (const id of [-1, 272, 0x7fffffff]) {
        const ids = Int32Array.from(plain.tokens);
        ids[10] = id;
        const calls = [
          () => model.generate(request({ maxTokens: 20, prediction: ids }), () => {}).result,
          () => model.generate(request({ prompt: ids }), () => {}).result,
          () => model.generate(request({ stopTokens: [id] }), () => {}).result,
          () => model.score(ids, 0).result,
          () => model.predict(ids, 0).result,
          () => model.observe(ids).result,
          () => model.detokenize(ids, true),
        ];
        for (const call of calls) console.log(await fails(call));
      }`;
    expect(new Set(run(body).split('\n'))).toEqual(new Set(['invalidArgument']));
  });
});

describe('files', () => {
  test.skipIf(process.platform === 'win32')('that are no regular files are refused at once, also as results', () => {
    const pipe = join(folder, 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    const body = `
      const nothing = () => {};
      for (const place of [${JSON.stringify(pipe)}, '/dev/full']) {
        const calls = [
          () => addon.inspect(place),
          () => addon.loadModel(place, {}, nothing).result,
          () => addon.quantize(place, '', '', '/nowhere/out.gguf', 'Q8_0', 1, nothing).result,
          () => addon.quantize(file, place, '', '/nowhere/out.gguf', 'Q8_0', 1, nothing).result,
          () => addon.quantize(file, '', place, '/nowhere/out.gguf', 'Q8_0', 1, nothing).result,
          () => addon.quantize(file, '', '', place, 'Q8_0', 1, nothing).result,
        ];
        for (const call of calls) console.log(await fails(call));
      }
      console.log(require('node:fs').statSync('/dev/full').isCharacterDevice());`;
    expect(new Set(run(body).split('\n'))).toEqual(new Set(['notAFile', 'true']));
  });

  test.skipIf(process.platform === 'win32')('may be cut off while a model is loaded', () => {
    const copy = join(folder, 'cut.gguf');
    const body = `
      const fs = require('node:fs');
      fs.copyFileSync(file, ${JSON.stringify(copy)});
      const model = await addon.loadModel(${JSON.stringify(copy)}, { threads: 1 }, () => {}).result;
      await model.generate(request(), () => {}).result;
      fs.truncateSync(${JSON.stringify(copy)}, 100);
      console.log(await fails(() => model.generate(request({ prompt: Int32Array.from([9, 8]) }), () => {}).result));
      console.log(await fails(() => model.score(Int32Array.from([9, 8, 7])).result));`;
    expect(run(body).split('\n')).toEqual(['invalidModel', 'invalidModel']);
  });

  test('are copied under a cancellation as well, and saved beside what a killed process left', () => {
    const body = `
      const fs = require('node:fs'), path = require('node:path');
      const place = ${JSON.stringify(folder)}, out = path.join(place, 'copy.gguf');
      const job = addon.quantize(file, '', '', out, 'F32', 1, () => {});
      job.cancel();
      console.log(await fails(() => job.result), fs.existsSync(out));
      const model = await addon.loadModel(file, { threads: 1 }, () => {}).result;
      const options = { rank: 2, alpha: 4, dropout: 0, targets: ['q'], seed: 1, maxTokens: 32 };
      const trainer = await model.train(options).result;
      fs.writeFileSync(path.join(place, 'checkpoint.bin.part'), 'left');
      for (let i = 0; i < 2; i += 1) {
        console.log(await fails(() => trainer.save(path.join(place, 'checkpoint.bin'), '{}').result));
      }
      console.log(fs.readdirSync(place).filter((name) => name.endsWith('.tmp')).length);`;
    expect(run(body).split('\n')).toEqual(['cancelled false', 'no error', 'no error', '0']);
  });
});
