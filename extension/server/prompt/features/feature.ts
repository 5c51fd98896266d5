/** What the prompt of a kind of edit is made of. Each kind has a file beside this one that says it in words. */

export interface Feature {
  readonly budget: Budget;
  /** The user's message. */
  readonly ask: (material: Material) => string;
  /** The user's message after an answer that changed nothing, or too much. The answer begins with `reasonStart`. */
  readonly askWithReason?: (material: Material) => string;
  /** Only comments may change: changes of code are left out of the answer. */
  readonly commentsOnly?: boolean;
}

/** In tokens. */
export interface Budget {
  /** The most code around the selection: more costs seconds on a CPU and helps a small model little. */
  readonly surroundings: number;
  /** The most of all references. */
  readonly references: number;
  /** The most of an answer about so much code. */
  readonly answer: (code: number) => number;
}

/** What a prompt may show. Code comes as fenced blocks, empty when there is none. */
export interface Material {
  readonly path: string;
  readonly languageId: string;
  /** May be empty when there are problems. */
  readonly instruction: string;
  readonly code: string;
  readonly before: string;
  readonly after: string;
  /** Each with its title. */
  readonly references: readonly string[];
  /** Diagnostics, one line each. */
  readonly problems: readonly string[];
  readonly framework: string;
}

/** A rewrite may grow to three times the code; a short one gets room for a helper or two. */
export const editBudget: Budget = {
  surroundings: 1280,
  references: 1024,
  answer: (code) => Math.max(384, Math.min(code * 3, code + 1024)),
};

/** The parts that are not empty, with a blank line between them. */
export function paragraphs(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

export function surroundings({
  path,
  before,
  after,
  references,
}: Pick<Material, 'path' | 'before' | 'after' | 'references'>): string {
  return paragraphs(
    ...references.map((reference) => `For reference only, ${reference}`),
    before === '' ? '' : `This comes before it in ${path}, for reference only:\n${before}`,
    after === '' ? '' : `This comes after it in ${path}, for reference only:\n${after}`,
  );
}

export const onlyTheCode =
  'Answer with one fenced block that holds all of the rewritten code and nothing else. Do not repeat the code before or after it.';

/** A model that says first what is wrong does not copy the old code; that it says so in one sentence keeps it short. */
export function askWithReason({ path, code, before, after, references, instruction, problems }: Material): string {
  return paragraphs(
    surroundings({ path, before, after, references }),
    code,
    [`Task: ${instruction}`.trimEnd(), ...problems.map((problem) => `- ${problem}`)].join('\n'),
    'The code does not do this yet. First say in one sentence what is wrong with it, then give all of the rewritten code in one fenced block. Keep the names of functions.',
  );
}

export const reasonStart = 'The problem is that';
