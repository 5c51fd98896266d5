/** Applies .gitignore files, which may be hostile. */
import ignore from 'ignore';
import type { Ignore } from 'ignore';

/** Further rules and longer rules are ignored. */
const mostRules = 2000;
const longestRule = 300;
/** Matching backtracks: its time grows with the depth of the path to the power of the `**` in a rule. */
const mostDoubleStars = 3;

interface Level {
  /** The folder of the .gitignore with a slash; empty for the outermost one. */
  readonly base: string;
  readonly rules: Ignore;
}

/** The rules that apply in a folder: those of its own .gitignore and those of the folders above. */
export class IgnoreRules {
  static readonly none = new IgnoreRules([]);

  /** The deepest folder first. */
  readonly #levels: readonly Level[];

  private constructor(levels: readonly Level[]) {
    this.#levels = levels;
  }

  /** Whether there is a .gitignore in the folder or above it. */
  get exist(): boolean {
    return this.#levels.length > 0;
  }

  /** Adds the text of the .gitignore in `folder`, if it has one. Its path is relative; empty for the outermost one. */
  with(folder: string, text: string | undefined): IgnoreRules {
    if (text === undefined) return this;
    const rules = text
      .split(/\r?\n/u, mostRules)
      .filter((line) => line.length <= longestRule && line.split('**').length <= mostDoubleStars + 1);
    // Without the option, a file called `...` is an error.
    const base = folder === '' ? '' : `${folder}/`;
    return new IgnoreRules([{ base, rules: ignore({ allowRelativePaths: true }).add(rules) }, ...this.#levels]);
  }

  /** `path` is relative to the outermost folder, and none of the folders around it is ignored. */
  ignores(path: string, isFolder: boolean): boolean {
    for (const { base, rules } of this.#levels) {
      const { ignored, unignored } = rules.test(path.slice(base.length) + (isFolder ? '/' : ''));
      // As in git, the deepest .gitignore with a matching rule wins.
      if (ignored || unignored) return ignored;
    }
    return false;
  }
}
