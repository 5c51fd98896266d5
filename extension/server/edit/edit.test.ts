import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { EditParams, EditResult } from '../../protocol/server.ts';
import { Engine } from '../engine/engine.ts';
import { ModelSlot } from '../engine/model-slot.ts';
import { EngineError } from '../engine/errors.ts';
import { fakeNative } from '../testing/fake-native.ts';
import { syntaxInProcess } from '../testing/syntax-in-process.ts';
import { answerEdit } from './edit.ts';
import { generator } from '../../../test/workbench/random.mjs';

const never = new AbortController().signal;
const syntax = syntaxInProcess();

async function engineWith(answer: (prompt: string) => string): Promise<Engine> {
  const engine = new Engine(new ModelSlot(() => fakeNative({ answer, info: { contextLength: 1 << 16 } })), {
    threads: 0,
    contextLength: 0,
  });
  await engine.load('/models/x.gguf', { signal: never });
  return engine;
}

const anyEdit = {
  kind: 'rewrite',
  instruction: 'Change it.',
  path: 'a.py',
  languageId: 'python',
  diagnostics: [],
} as const;

/** Asks a model that gives these answers, the last one again and again. Also resolves with its prompts. */
async function edited(params: Partial<EditParams> & Pick<EditParams, 'text'>, ...answers: readonly string[]) {
  const prompts: string[] = [];
  const engine = await engineWith((prompt) => {
    prompts.push(prompt);
    return answers[Math.min(prompts.length, answers.length) - 1] ?? '';
  });
  const all = { ...anyEdit, start: 0, end: params.text.length, ...params };
  const result = await answerEdit({ engine, syntax }, all, never, () => {});
  return { result, prompts, text: spliced(params.text, result) };
}

function spliced(text: string, { start, end, replacement }: EditResult): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

const code = 'def f(a):\n    return a\n';

describe('one repair', () => {
  test('asks again when the code is unchanged, and once only', async () => {
    const same = 'def f(a):\n    return a';
    const { result, prompts } = await edited({ text: code }, same, ' it returns a.', same);
    expect(prompts).toHaveLength(3);
    expect(prompts[1]).toMatch(/The code does not do this yet\.[\s\S]*assistant\nThe problem is that$/u);
    expect(prompts[2]?.endsWith('The problem is that it returns a.\n\n```python\n')).toBe(true);
    expect(result).toMatchObject({ repaired: true, replacement: code.trimEnd() });
  });

  test('asks again when a function is gone', async () => {
    const two = `${code}\ndef g(b):\n    return b\n`;
    const whole = two.replace('return a', 'return 1');
    const { text, prompts } = await edited({ text: two }, 'def f(a):\n    return 1', ' g is missing.', whole);
    expect(prompts).toHaveLength(3);
    expect(text).toBe(two.replace('return a', 'return 1'));
  });

  test('keeps a name that nobody wanted changed', async () => {
    const { text, prompts } = await edited({ text: code }, 'def first(a):\n    return first(a - 1)');
    expect(text).toBe('def f(a):\n    return f(a - 1)\n');
    expect(prompts).toHaveLength(1);
    expect((await edited({ text: code, instruction: 'Rename f to first.' }, 'def first(a):\n    return a')).text).toBe(
      'def first(a):\n    return a\n',
    );
  });

  test('asks without the surroundings when these are repeated, then refuses', async () => {
    const params = { text: `a = 1\n${code}`, start: 6, end: 30 };
    const echo = 'This comes before it in a.py, for reference only:\na = 1';
    const { prompts, text } = await edited(params, echo, 'def f(a):\n    return 2');
    expect(prompts[1]).not.toContain('for reference only');
    expect(text).toBe('a = 1\ndef f(a):\n    return 2\n');
    await expect(edited(params, echo)).rejects.toMatchObject({ code: 'invalidArgument' });
  });

  test('cuts off what repeats the prompt after the code', async () => {
    const { text } = await edited({ text: code }, 'def f(a):\n    return 2\nThis is the code to rewrite:\ndef f(a):');
    expect(text).toBe('def f(a):\n    return 2\n');
  });
});

describe('comments only', () => {
  const params = { text: code, kind: 'document', instruction: '' } as const;

  test('leaves out changes of code', async () => {
    const { result, text } = await edited(params, 'def f(a: int):\n    """Returns a."""\n    return a');
    expect(text).toBe('def f(a):\n    """Returns a."""\n    return a\n');
    expect(result).toMatchObject({ dropped: 1, repaired: false });
  });

  test('refuses in words when nothing is left', async () => {
    const refusal = { code: 'invalidArgument', message: expect.stringContaining('instead of its comments') };
    await expect(edited(params, 'def f(a):\n    return a + 1')).rejects.toMatchObject(refusal);
  });
});

describe('a conversation', () => {
  test('goes on from the last replacement and replaces the same range', async () => {
    const previous = [{ instruction: 'Add one.', replacement: 'def f(a):\n    return a + 1\n' }];
    const { prompts, text } = await edited(
      { text: code, instruction: 'Add two.', previous },
      'def f(a):\n    return a + 2',
    );
    expect(prompts[0]).toMatch(
      /Task: Add one\.[\s\S]*assistant\n```python\ndef f\(a\):\n {4}return a \+ 1\n```[\s\S]*Add two\./u,
    );
    expect(text).toBe('def f(a):\n    return a + 2\n');
  });

  test('repairs problems of the last replacement', async () => {
    const previous = [{ instruction: 'Add one.', replacement: 'def f(a):\n    return b\n' }];
    const params = { text: code, instruction: '', previous, problems: ['b is not defined'] };
    expect((await edited(params, 'def f(a):\n    return a')).prompts[0]).toContain(
      'a new problem:\n- b is not defined',
    );
    await expect(edited({ ...params, previous: [] }, '')).rejects.toMatchObject({ code: 'invalidArgument' });
  });
});

test('writes tests where they belong', async () => {
  const text = 'from a import f\n';
  const references = [{ path: 'a.py', languageId: 'python', text: code }];
  const params = { text, kind: 'tests', instruction: '', references, framework: 'pytest', start: text.length } as const;
  const answer = 'from a import f\n\ndef test_f():\n    assert f(1) == 1';
  const { text: result, prompts } = await edited(params, answer);
  expect(result).toBe('from a import f\n\ndef test_f():\n    assert f(1) == 1\n');
  expect(prompts[0]).toContain('with pytest');
  await expect(edited({ ...params, references: [] }, answer)).rejects.toMatchObject({ code: 'invalidArgument' });
});

test('an answer that was cut off is refused', async () => {
  await expect(edited({ text: code }, 'x = 1\n'.repeat(1000))).rejects.toMatchObject({ code: 'promptTooLong' });
});

describe('any selection with any answer', () => {
  const folder = join(import.meta.dirname, '../../../test/fixtures/syntax');
  for (const name of readdirSync(folder)) {
    test(`changes nothing outside its range: ${name}`, { timeout: 60_000 }, async () => {
      const random = generator(name.length);
      const lf = readFileSync(join(folder, name), 'utf8');
      let answer = '';
      const engine = await engineWith(() => answer);
      for (let round = 0; round < 250; round += 1) {
        const text = random(2) === 0 ? lf : lf.replaceAll('\n', '\r\n');
        const [start = 0, end = 0] = [random(text.length), random(text.length)].sort((a, b) => a - b);
        const params = { ...anyEdit, text, start, end, languageId: name.split('.')[0] ?? '', path: name };
        answer = anyAnswer(random, lf, text.slice(start, end));
        const result = await answerEdit({ engine, syntax }, params, never, () => {}).catch((error: unknown) => error);
        if (result instanceof EngineError) continue;
        expect(result).not.toBeInstanceOf(Error);
        const { start: from, end: to, replacement } = result as EditResult;
        const blanks = text.slice(start, end).length - text.slice(start, end).trimStart().length;
        const last = start + text.slice(start, end).trimEnd().length;
        expect(from <= start + blanks && to >= last && to <= text.length, `${start}-${end}: ${from}-${to}`).toBe(true);
        // No line end of the other kind comes in.
        if (text === lf) expect(replacement.includes('\r')).toBe(false);
        else expect(/(?<!\r)\n/u.test(replacement.slice(1))).toBe(false);
      }
    });
  }
});

/** Noise, fences, echoes of the file and chatter, with either kind of line ends. */
function anyAnswer(random: (bound: number) => number, file: string, selection: string): string {
  const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T;
  const slice = (): string => file.slice(random(file.length), random(file.length));
  const parts = Array.from({ length: 1 + random(4) }, () =>
    pick([
      () => selection,
      slice,
      () => file,
      () => '```\n',
      () => '````python\n',
      () => 'Here is the code:\n',
      () => 'This comes before it in a.py, for reference only:\n',
      () => '\n\n',
      () => '} ) ] "\'',
      () => String.fromCharCode(...Array.from({ length: random(40) }, () => 9 + random(300))),
    ])(),
  );
  const answer = parts.join(pick(['', '\n']));
  return random(3) === 0 ? answer.replaceAll(/\r?\n/gu, '\r\n') : answer;
}
