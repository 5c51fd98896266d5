/** Names that an edit must keep: others call the code by them. */

/** Words of an instruction that asks for other names, or for a declaration less. */
const asksForNames =
  /\b(?:re-?nam\w*|names?|named|naming|call(?:ed)? it|remov\w*|delet\w*|drop|inlin\w*|merg\w*|mov\w*|replac\w*|convert\w*|split\w*|extract\w*|turn|class)\b/iu;

export interface Names {
  /** Declared before and after the edit. */
  readonly old: readonly string[];
  readonly changed: readonly string[];
  readonly instruction: string;
}

/** The code with the name that it had, when exactly one declaration was renamed without being asked for. */
export function withOldName(code: string, { old, changed, instruction }: Names): string {
  const lost = old.filter((name) => !changed.includes(name));
  const added = changed.filter((name) => !old.includes(name));
  const [oldName, newName] = [lost[0], added[0]];
  if (lost.length !== 1 || added.length !== 1 || oldName === undefined || newName === undefined) return code;
  if (isMentioned(newName, instruction) || asksForNames.test(instruction)) return code;
  const word = new RegExp(String.raw`(?<![\p{L}\p{N}_$])${escaped(newName)}(?![\p{L}\p{N}_$])`, 'gu');
  return code.replaceAll(word, () => oldName);
}

/** Whether an instruction has a word as a name: the word `last` alone is none, `last_one` and `last()` are. */
function isMentioned(name: string, instruction: string): boolean {
  const looksLikeName = /[_$\d]|\p{Ll}\p{Lu}|^\p{Lu}/u.test(name);
  if (looksLikeName) return instruction.includes(name);
  return new RegExp(`[\`'"]${escaped(name)}\\b|\\b${escaped(name)}\\(`, 'u').test(instruction);
}

/** Declarations that are gone without being asked for. */
export function lostNames({ old, changed, instruction }: Names): readonly string[] {
  return asksForNames.test(instruction) ? [] : [...new Set(old.filter((name) => !changed.includes(name)))];
}

function escaped(text: string): string {
  return text.replaceAll(/[$\\^*+?.()|[\]{}]/gu, String.raw`\$&`);
}
