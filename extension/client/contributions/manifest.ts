/**
 * The parts of package.json that are generated from the tables: pure, so that the generator, its staleness check
 * and the contract test give the same answer. Texts become keys of package.nls.json.
 */
import { settings, type Setting } from '../../protocol/settings.ts';
import { commands, type CommandContribution, type Keybinding } from './commands.ts';
import { chatView, editorSubmenu, labPanel, viewContainer, walkthrough } from './views.ts';

export interface GeneratedManifest {
  /** Replace the keys of the same names in package.json. */
  readonly manifest: {
    readonly activationEvents: readonly string[];
    readonly capabilities: object;
    readonly contributes: object;
  };
  /** The whole package.nls.json. */
  readonly texts: Readonly<Record<string, string>>;
}

export function generateManifest(): GeneratedManifest {
  const texts: Record<string, string> = {};
  /** Keeps `text` under `key` and gives the reference to it that the manifest holds. */
  const text = (key: string, value: string): string => {
    texts[key] = value;
    return `%${key}%`;
  };
  const table: [string, CommandContribution][] = Object.entries(commands);
  const contributes = {
    commands: table.map(([command, { title, category, icon, enablement }]) => ({
      command,
      title: text(`command.${command}`, title),
      ...(category === false ? {} : { category: 'Paddock' }),
      ...(icon === undefined ? {} : { icon: `$(${icon})` }),
      ...(enablement === undefined ? {} : { enablement }),
    })),
    keybindings: table.flatMap(([command, { keys }]) =>
      (keys ?? []).map((binding: Keybinding) => ({ command, ...binding })),
    ),
    menus: menus(table),
    submenus: [{ id: editorSubmenu.id, label: text('submenu.editor', editorSubmenu.label) }],
    viewsContainers: {
      activitybar: [
        { id: viewContainer.id, title: text('view.container', viewContainer.title), icon: viewContainer.icon },
      ],
    },
    views: {
      [viewContainer.id]: [{ ...chatView, name: text('view.chat', chatView.name) }],
    },
    walkthroughs: walkthroughs(text),
    // A proposed edit must not open the Comments view. Its threads are resolved ones, so that others still open it.
    configurationDefaults: { 'comments.openView': 'firstFileUnresolved' },
    configuration: {
      title: 'Paddock',
      properties: Object.fromEntries(
        Object.entries(settings).map(([key, setting], order) => [
          `paddock.${key}`,
          property(key, setting, order, text),
        ]),
      ),
    },
  };
  return {
    manifest: {
      activationEvents: ['onStartupFinished', `onWebviewPanel:${labPanel.id}`],
      capabilities: {
        untrustedWorkspaces: {
          supported: 'limited',
          description: text(
            'capability.untrusted',
            'Chat and Explain work in Restricted Mode. Edits, commit messages and the lab do not, because they change files or run Git.',
          ),
          restrictedConfigurations: Object.entries(settings)
            .filter(([, setting]) => setting.scope === 'application')
            .map(([key]) => `paddock.${key}`),
        },
        virtualWorkspaces: {
          supported: 'limited',
          description: text(
            'capability.virtual',
            'Paddock reads only the files that you open or attach. The lab works on folders of this computer.',
          ),
        },
      },
      contributes,
    },
    texts,
  };
}

/** Gives a text its key, and returns the reference to it. */
type Text = (key: string, value: string) => string;

function walkthroughs(text: Text): object[] {
  return [
    {
      id: walkthrough.id,
      title: text('walkthrough.title', walkthrough.title),
      description: text('walkthrough.description', walkthrough.description),
      steps: walkthrough.steps.map(({ id, title, description, markdown }) => ({
        id,
        title: text(`walkthrough.${id}.title`, title),
        description: text(`walkthrough.${id}.description`, description),
        media: { markdown },
      })),
    },
  ];
}

function menus(table: readonly [string, CommandContribution][]): Record<string, object[]> {
  const result: Record<string, object[]> = {
    commandPalette: table
      .filter(([, { palette }]) => palette !== undefined)
      .map(([command, { palette }]) => ({ command, when: palette === false ? 'false' : palette })),
    'editor/context': [{ submenu: editorSubmenu.id, group: '1_modification@9', when: 'editorIsOpen' }],
  };
  for (const [command, { menus: places }] of table) {
    for (const { menu, ...place } of places ?? []) (result[menu] ??= []).push({ command, ...place });
  }
  return result;
}

function property(key: string, setting: Setting, order: number, text: Text): object {
  const described = {
    default: setting.default,
    scope: setting.scope,
    order,
    markdownDescription: text(`setting.${key}`, setting.description),
  };
  const meanings = (all: Readonly<Record<string, string>>): [string, string][] =>
    Object.entries(all).map(([name, meaning]) => [name, text(`setting.${key}.${name}`, meaning)]);
  switch (setting.type) {
    case 'flags': {
      const flags = meanings(setting.flags).map(([name, description]) => [
        name,
        { type: 'boolean', default: setting.default[name], description },
      ]);
      return { type: 'object', properties: Object.fromEntries(flags), additionalProperties: false, ...described };
    }
    case 'string': {
      const choices = meanings(setting.choices ?? {});
      if (choices.length === 0) return { type: 'string', ...described };
      const values = { enum: choices.map(([name]) => name), markdownEnumDescriptions: choices.map(([, one]) => one) };
      return { type: 'string', ...values, ...described };
    }
    case 'boolean':
      return { type: 'boolean', ...described };
    case 'integer':
    case 'number':
      return { type: setting.type, minimum: setting.minimum, maximum: setting.maximum, ...described };
  }
}
