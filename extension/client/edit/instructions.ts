/** The instruction of a rewrite: one that is often wanted, one that was given before, or a new one. */
import * as vscode from 'vscode';

const historyKey = 'editInstructions';
const languageKey = 'editLanguage';
const mostKept = 20;

interface InstructionItem extends vscode.QuickPickItem {
  /** Undefined for a separator. */
  readonly instruction?: string;
}

/** Instructions that the user has typed, the last one first; kept by VS Code. */
export class InstructionHistory {
  readonly #memory: vscode.Memento;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
  }

  get all(): readonly string[] {
    const kept = this.#memory.get<unknown>(historyKey);
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string').slice(0, mostKept) : [];
  }

  async add(instruction: string): Promise<void> {
    const others = this.all.filter((one) => one !== instruction);
    await this.#memory.update(historyKey, [instruction, ...others].slice(0, mostKept));
  }

  /** Into which comments were translated last. */
  get language(): string {
    const kept = this.#memory.get<unknown>(languageKey);
    return typeof kept === 'string' ? kept : 'English';
  }

  async setLanguage(language: string): Promise<void> {
    await this.#memory.update(languageKey, language);
  }

  async remove(instruction: string): Promise<void> {
    await this.#memory.update(
      historyKey,
      this.all.filter((one) => one !== instruction),
    );
  }
}

function common(): readonly string[] {
  return [
    vscode.l10n.t('Simplify this code'),
    vscode.l10n.t('Extract parts into functions'),
    vscode.l10n.t('Use clearer names'),
    vscode.l10n.t('Add types'),
    vscode.l10n.t('Handle errors and edge cases'),
    vscode.l10n.t('Convert callbacks to async and await'),
    vscode.l10n.t('Use modern language features'),
  ];
}

/** Undefined when the user leaves. A typed instruction is remembered. */
export async function askInstruction(history: InstructionHistory, title: string): Promise<string | undefined> {
  const picker = vscode.window.createQuickPick<InstructionItem>();
  picker.title = title;
  picker.placeholder = vscode.l10n.t('Describe the change, or choose one');
  const update = (): void => {
    picker.items = items(picker.value.trim(), history.all);
  };
  update();
  picker.onDidChangeValue(update);
  picker.onDidTriggerItemButton(({ item }) => void history.remove(item.instruction ?? '').then(update));
  picker.show();
  const chosen = await new Promise<string | undefined>((resolve) => {
    picker.onDidAccept(() => resolve(picker.selectedItems[0]?.instruction));
    picker.onDidHide(() => resolve(undefined));
  });
  picker.dispose();
  if (chosen !== undefined && !common().includes(chosen)) await history.add(chosen);
  return chosen;
}

function items(typed: string, history: readonly string[]): InstructionItem[] {
  const offered = common();
  const isNew = typed !== '' && !offered.includes(typed) && !history.includes(typed);
  const own = isNew
    ? [{ label: typed, instruction: typed, alwaysShow: true, iconPath: new vscode.ThemeIcon('edit') }]
    : [];
  const remove = { iconPath: new vscode.ThemeIcon('close'), tooltip: vscode.l10n.t('Forget This Instruction') };
  const earlier = history.map((label) => ({ label, instruction: label, buttons: [remove] }));
  const head = { label: vscode.l10n.t('Given Before'), kind: vscode.QuickPickItemKind.Separator };
  return [
    ...own,
    ...offered.map((label) => ({ label, instruction: label })),
    ...(earlier.length === 0 ? [] : [head, ...earlier]),
  ];
}

/** The language to translate into; the last one is offered. Undefined when the user leaves. */
export async function askLanguage(history: InstructionHistory): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Translate Comments'),
    prompt: vscode.l10n.t('Into which language?'),
    value: history.language,
    validateInput: (value) =>
      value.length <= mostLanguageCharacters && !value.includes('\n')
        ? undefined
        : vscode.l10n.t('The name of a language'),
  });
  const language = text?.trim() ?? '';
  if (language === '') return undefined;
  await history.setLanguage(language);
  return language;
}

const mostLanguageCharacters = 60;

/** One line of text; undefined when the user leaves. */
export async function askFollowUp(): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Follow Up on the Proposed Edit'),
    placeHolder: vscode.l10n.t('For example: shorter, or keep the names'),
    validateInput: (value) =>
      value.length <= mostCharacters ? undefined : vscode.l10n.t('At most {0} characters', mostCharacters),
  });
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}

const mostCharacters = 4000;
