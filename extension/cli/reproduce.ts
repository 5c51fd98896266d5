import { resolve } from 'node:path';
import { gpt4AllProject, scales } from '../server/lab/project/gpt4all.ts';
import type { Scale } from '../server/lab/project/gpt4all.ts';
import { Lab } from '../server/lab/project/lab.ts';
import { checkKind } from './input.ts';
import { describe, offerModel, runLab } from './lab.ts';
import { UsageError, commonOptions, requiredText, text, texts, wholeNumber } from './verb.ts';
import type { Verb } from './verb.ts';

export const reproduce: Verb = {
  name: 'reproduce',
  usage: 'gpt4all --data DIR --out DIR [--scale laptop]',
  summary: "GPT4All's road of 2023 on this computer: collect, curate, train, quantize, evaluate, and one report",
  givesWay: true,
  options: [
    ['--data DIR', 'with the data of others: self-instruct and a sample of P3; what is missing is named'],
    ['--out DIR', 'gets the project, its results and report.html; the same command goes on'],
    ['--scale S', `${scales.join(' or ')}; laptop takes an hour or so, smoke a minute and proves nothing`],
    ['--code DIR', 'the teacher is asked about this code too; may be repeated'],
    ['--teacher MODEL', 'answers the questions'],
    ['--base MODEL', 'is trained'],
    ['--seed N', 'of everything that is drawn; 42'],
    ['--no-install', 'does not put the finished model among those that can be chosen'],
  ],
  specs: {
    data: { type: 'string' },
    out: { type: 'string', short: 'o' },
    scale: { type: 'string' },
    code: { type: 'string', multiple: true },
    teacher: { type: 'string' },
    base: { type: 'string' },
    seed: { type: 'string' },
    'no-install': { type: 'boolean' },
  },
  run: async (terminal, values, positionals) => {
    if (positionals.length !== 1 || positionals[0] !== 'gpt4all') {
      throw new UsageError('Name what to reproduce: "paddock reproduce gpt4all".');
    }
    const scale = text(values, 'scale') ?? 'laptop';
    if (!(scales as readonly string[]).includes(scale)) {
      throw new UsageError(`--scale must be ${scales.join(' or ')}, not "${scale}".`);
    }
    const folder = resolve(requiredText(values, 'out'));
    const code = texts(values, 'code').map((path) => resolve(path));
    await Promise.all(code.map((path) => checkKind(path, 'folder')));
    const project = await gpt4AllProject({
      scale: scale as Scale,
      data: resolve(requiredText(values, 'data')),
      code,
      teacher: text(values, 'teacher'),
      base: text(values, 'base'),
      seed: wholeNumber(values, 'seed', 42),
    });
    const session = await terminal.session({ ...commonOptions(values), cache: false });
    const lab = new Lab(session, folder);
    await lab.save(project);
    const state = await runLab(terminal, lab, folder);
    await offerModel(session, state, values);
    terminal.out(values['json'] === true ? `${JSON.stringify(state)}\n` : describe(state));
  },
};
