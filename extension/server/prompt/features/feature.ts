/** What the prompt of a kind of edit is made of. Each kind has a file beside this one that says it in words. */

export interface Feature {
  readonly budget: Budget;
  /** The user's message. */
  readonly ask: (material: Material) => string;
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

export function surroundings({ path, before, after, references }: Material): string {
  return paragraphs(
    ...references.map((reference) => `For reference only, ${reference}`),
    before === '' ? '' : `This comes before it in ${path}, for reference only:\n${before}`,
    after === '' ? '' : `This comes after it in ${path}, for reference only:\n${after}`,
  );
}

export const onlyTheCode =
  'Answer with one fenced block that holds all of the rewritten code and nothing else. Do not repeat the code before or after it.';
