import { basename } from 'node:path';
import { diffLines } from 'diff';
import { oneOf } from '../protocol/check.ts';
import { editKinds } from '../protocol/server.ts';
import type { CodeContext, EditKind, EditResult } from '../protocol/server.ts';
import { answerEdit } from '../server/edit/edit.ts';
import { EngineError } from '../server/engine/errors.ts';
import { checkDiagnostics } from '../server/params.ts';
import { languageOf } from '../server/syntax/grammars.ts';
import { readInput } from './input.ts';
import { loadModel } from './model.ts';
import { UsageError, commonOptions, text } from './verb.ts';
import type { OptionValues, Verb } from './verb.ts';

export const edit: Verb = {
  name: 'edit',
  usage: 'FILE --range A-B --instruction TEXT',
  summary: 'the change of some lines of a file, as the editor would propose it; the file stays as it is',
  options: [
    ['--range A-B', 'the lines to change, from 1; a single line means the function around it'],
    ['--instruction TEXT', 'what to do; may be left out with --diagnostics'],
    ['--diagnostics F', 'fix these: a JSON list of {"line": N, "message": TEXT}'],
    [`--kind KIND`, `${editKinds.join(', ')}; fix with --diagnostics, else rewrite`],
    ['--reference F', 'a file that the model sees as well; for tests the code to test'],
    ['--framework NAME', 'for tests: what they are written with'],
  ],
  specs: {
    range: { type: 'string' },
    instruction: { type: 'string' },
    diagnostics: { type: 'string' },
    kind: { type: 'string' },
    reference: { type: 'string', multiple: true },
    framework: { type: 'string' },
  },
  keepsPrompts: true,
  run: async (terminal, values, positionals) => {
    const [path] = positionals;
    if (path === undefined || positionals.length > 1) throw new UsageError('Name one file.');
    const document = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await readInput(path));
    const diagnostics = await readDiagnostics(text(values, 'diagnostics'));
    const instruction = text(values, 'instruction')?.trim() ?? '';
    const kind = kindOf(text(values, 'kind') ?? (diagnostics.length > 0 ? 'fix' : 'rewrite'));
    if (instruction === '' && diagnostics.length === 0 && (kind === 'rewrite' || kind === 'fix')) {
      throw new UsageError('The --instruction is missing.');
    }
    const references = await readReferences(values['reference']);
    const session = await loadModel(terminal, commonOptions(values));
    const params = {
      kind,
      instruction,
      references,
      framework: text(values, 'framework') ?? '',
      path: basename(path),
      languageId: languageOf(path),
      text: document,
      ...offsetsOf(document, values),
      diagnostics,
    };
    const result = await answerEdit(session, params, terminal.signal, () => undefined);
    session.syntax.dispose();
    if (result.finishReason === 'cancelled') throw new EngineError('cancelled', 'Stopped.');
    terminal.out(values['json'] === true ? `${JSON.stringify(toJson(document, result))}\n` : changed(document, result));
  },
};

function changed(document: string, { start, end, replacement }: EditResult): string {
  return document.slice(0, start) + replacement + document.slice(end);
}

/** `hunks` have lines from 1, of the file and of the file with the change. */
function toJson(document: string, result: EditResult): object {
  const { start, end, replacement, syntax, repaired, dropped } = result;
  const { finishReason, timings, contextUsed, contextLength, omitted } = result;
  return {
    start,
    end,
    text: replacement,
    hunks: hunksOf(document, changed(document, result)),
    checks: { syntax: syntax.kind, ...(syntax.kind === 'broken' ? { fault: syntax } : {}), repaired, dropped },
    finishReason,
    timings,
    contextUsed,
    contextLength,
    omitted,
  };
}

function hunksOf(before: string, after: string): object[] {
  const hunks: { oldStart: number; oldLines: number; newStart: number; newLines: number }[] = [];
  let [oldLine, newLine] = [1, 1];
  let open: (typeof hunks)[number] | undefined;
  for (const { added, removed, count } of diffLines(before, after)) {
    if (!added && !removed) {
      open = undefined;
      oldLine += count;
      newLine += count;
      continue;
    }
    if (open === undefined) {
      open = { oldStart: oldLine, oldLines: 0, newStart: newLine, newLines: 0 };
      hunks.push(open);
    }
    if (removed) {
      open.oldLines += count;
      oldLine += count;
    } else {
      open.newLines += count;
      newLine += count;
    }
  }
  return hunks;
}

async function readDiagnostics(path: string | undefined) {
  if (path === undefined) return [];
  const value: unknown = JSON.parse(new TextDecoder().decode(await readInput(path)));
  return checkDiagnostics(value, path);
}

function kindOf(value: string): EditKind {
  try {
    // The earlier name of `rewrite`.
    return oneOf(editKinds)(value === 'refactor' ? 'rewrite' : value, '--kind');
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}.`);
  }
}

async function readReferences(paths: OptionValues[string]): Promise<CodeContext[]> {
  const names = Array.isArray(paths) ? paths.map(String) : [];
  return Promise.all(
    names.map(async (path) => ({
      path: basename(path),
      languageId: languageOf(path),
      text: new TextDecoder().decode(await readInput(path)),
    })),
  );
}

/** The lines of --range; of a single one its first character that is no blank. */
function offsetsOf(document: string, values: OptionValues): { readonly start: number; readonly end: number } {
  const range = /^(\d+)(?:-(\d+))?$/u.exec(text(values, 'range') ?? '');
  if (range === null) throw new UsageError('The --range is missing: two lines, as in 10-25, or one.');
  const starts = [0, ...[...document.matchAll(/\n/gu)].map(({ index }) => index + 1)];
  const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])];
  if (first < 1 || last < first || last > starts.length) {
    throw new UsageError(`The file has the lines 1 to ${starts.length}.`);
  }
  const start = starts[first - 1] ?? 0;
  const end = starts[last] ?? document.length;
  if (range[2] !== undefined) return { start, end };
  const blank = /^[^\S\n]*/u.exec(document.slice(start, end))?.[0].length ?? 0;
  return { start: start + blank, end: start + blank };
}
