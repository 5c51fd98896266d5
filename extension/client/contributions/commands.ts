/**
 * Every command of Paddock. The manifest's `commands`, `keybindings` and `menus` are generated from this table;
 * `lib/commands.ts` registers handlers against it, so that a missing or misspelt handler does not compile.
 */

export interface MenuPlace {
  readonly menu: 'view/title' | 'editor/title' | 'editor/context' | 'editor/paddock' | 'scm/title' | 'terminal/context';
  readonly group: string;
  readonly when?: string;
}

export interface Keybinding {
  readonly key: string;
  readonly mac?: string;
  readonly when: string;
}

export interface CommandContribution {
  readonly title: string;
  /** A codicon. A command in a title bar needs one. */
  readonly icon?: string;
  /** `false`: the title itself says that it is Paddock, for menus where commands of many extensions meet. */
  readonly category?: false;
  readonly enablement?: string;
  /** `false`: not in the command palette. A string: the `when` clause. */
  readonly palette?: false | string;
  readonly keys?: readonly Keybinding[];
  readonly menus?: readonly MenuPlace[];
}

/** Context keys that the client sets; all `when` clauses below use these constants. */
export const contextKeys = {
  /** The active editor is the diff of a proposed edit. */
  proposalActive: 'paddock.proposalActive',
  /** ... and its text still streams in. */
  proposalStreaming: 'paddock.proposalStreaming',
  /** There is a rejected edit that can be shown again. */
  proposalRejected: 'paddock.proposalRejected',
  /** The chat is generating an answer. */
  answering: 'paddock.answering',
  /** The shown conversation has at least one message. */
  hasMessages: 'paddock.hasMessages',
  /** A commit message is being written. */
  writingCommitMessage: 'paddock.writingCommitMessage',
} as const;

const inChat = 'view == paddock.chat';
const proposalReady = `${contextKeys.proposalActive} && !${contextKeys.proposalStreaming}`;
/**
 * Only with the cursor in the proposed text, which is read-only. An extension's keys win over those of VS Code, so they
 * must not act on a proposal that is only visible.
 */
const inProposal = `${contextKeys.proposalActive} && editorTextFocus && editorReadonly && isInDiffEditor`;
/** Escape first closes the widgets that it closes in every editor. */
const nothingToLeave =
  '!editorHasSelection && !editorHasMultipleSelections && !suggestWidgetVisible && !findWidgetVisible && !editorHoverVisible && !referenceSearchVisible && !renameInputVisible && !inQuickOpen';

const inGit = 'scmProvider == git && isWorkspaceTrusted';
const hasRepository = 'gitOpenRepositoryCount != 0 && isWorkspaceTrusted';

export const commands = {
  'paddock.openChat': { title: 'Open Chat', icon: 'comment-discussion' },
  'paddock.chat.new': {
    title: 'New Chat',
    icon: 'add',
    menus: [{ menu: 'view/title', group: 'navigation@1', when: inChat }],
  },
  'paddock.chat.history': {
    title: 'Show Chats…',
    icon: 'history',
    menus: [{ menu: 'view/title', group: 'navigation@2', when: inChat }],
  },
  'paddock.chat.stop': { title: 'Stop Answering', icon: 'debug-stop', enablement: contextKeys.answering },
  'paddock.chat.export': {
    title: 'Export Chat as Markdown…',
    enablement: contextKeys.hasMessages,
    menus: [{ menu: 'view/title', group: '1_chat@1', when: inChat }],
  },
  'paddock.chat.delete': {
    title: 'Delete Chat…',
    enablement: contextKeys.hasMessages,
    menus: [{ menu: 'view/title', group: '1_chat@2', when: inChat }],
  },
  'paddock.chat.attachSelection': {
    title: 'Add Selection to Chat',
    enablement: 'editorIsOpen',
    menus: [{ menu: 'editor/paddock', group: '2_chat@1' }],
  },
  'paddock.edit.explain': {
    title: 'Explain',
    enablement: 'editorIsOpen',
    menus: [{ menu: 'editor/paddock', group: '1_edit@1' }],
  },
  'paddock.edit.refactor': {
    title: 'Refactor…',
    enablement: 'editorIsOpen',
    menus: [{ menu: 'editor/paddock', group: '1_edit@2', when: '!editorReadonly' }],
  },
  'paddock.edit.fix': {
    title: 'Fix',
    enablement: 'editorIsOpen',
    menus: [{ menu: 'editor/paddock', group: '1_edit@3', when: '!editorReadonly && editorHasCodeActionsProvider' }],
  },
  'paddock.edit.accept': {
    title: 'Accept Edit',
    icon: 'check',
    palette: proposalReady,
    keys: [{ key: 'ctrl+enter', mac: 'cmd+enter', when: `${inProposal} && !${contextKeys.proposalStreaming}` }],
    menus: [{ menu: 'editor/title', group: 'navigation@1', when: proposalReady }],
  },
  'paddock.edit.reject': {
    title: 'Reject Edit',
    icon: 'close',
    palette: proposalReady,
    keys: [{ key: 'escape', when: `${inProposal} && ${nothingToLeave}` }],
    menus: [{ menu: 'editor/title', group: 'navigation@2', when: proposalReady }],
  },
  'paddock.edit.restore': { title: 'Show Rejected Edit', palette: contextKeys.proposalRejected },
  'paddock.edit.cancel': {
    title: 'Cancel Edit',
    icon: 'debug-stop',
    palette: contextKeys.proposalStreaming,
    menus: [
      {
        menu: 'editor/title',
        group: 'navigation@1',
        when: `${contextKeys.proposalActive} && ${contextKeys.proposalStreaming}`,
      },
    ],
  },
  'paddock.scm.commitMessage': {
    title: 'Generate Commit Message',
    icon: 'sparkle',
    palette: hasRepository,
    menus: [{ menu: 'scm/title', group: 'navigation@-1', when: `${inGit} && !${contextKeys.writingCommitMessage}` }],
  },
  'paddock.scm.stop': {
    title: 'Stop Generating Commit Message',
    icon: 'stop-circle',
    palette: contextKeys.writingCommitMessage,
    menus: [{ menu: 'scm/title', group: 'navigation@-1', when: `${inGit} && ${contextKeys.writingCommitMessage}` }],
  },
  'paddock.scm.review': {
    title: 'Review Changes',
    palette: hasRepository,
    menus: [{ menu: 'scm/title', group: '5_paddock@1', when: inGit }],
  },
  'paddock.terminal.explainSelection': {
    title: 'Explain Selection with Paddock',
    category: false,
    palette: 'terminalTextSelected',
    // The menu cannot tell whether text is selected: VS Code keeps that key to the terminal.
    menus: [{ menu: 'terminal/context', group: '2_paddock@1' }],
  },
  'paddock.terminal.explainCommand': {
    title: 'Explain Last Command with Paddock',
    category: false,
    palette: 'terminalIsOpen',
    menus: [{ menu: 'terminal/context', group: '2_paddock@2' }],
  },
  'paddock.lab.open': {
    title: 'Open Lab…',
    icon: 'beaker',
    menus: [{ menu: 'view/title', group: '2_model@2', when: inChat }],
  },
  'paddock.lab.new': { title: 'New Lab Project…' },
  'paddock.lab.show': { title: 'Show Lab', palette: false },
  'paddock.models.choose': {
    title: 'Choose Model…',
    icon: 'server',
    menus: [{ menu: 'view/title', group: '2_model@1', when: inChat }],
  },
  'paddock.models.add': { title: 'Use a GGUF File…' },
  'paddock.models.openFolder': { title: 'Open Models Folder' },
  'paddock.models.unload': { title: 'Unload Model' },
  'paddock.cache.clear': { title: 'Clear Prompt Cache' },
  'paddock.engine.restart': {
    title: 'Restart Engine',
    menus: [{ menu: 'view/title', group: '3_engine@1', when: inChat }],
  },
  'paddock.showMenu': { title: 'Show Menu', palette: false },
  'paddock.showLog': { title: 'Show Log', menus: [{ menu: 'view/title', group: '3_engine@2', when: inChat }] },
} as const satisfies Record<string, CommandContribution>;

export type CommandId = keyof typeof commands;
