/**
 * Every command of Paddock. The manifest's `commands`, `keybindings` and `menus` are generated from this table;
 * `lib/commands.ts` registers handlers against it, so that a missing or misspelt handler does not compile.
 */

export interface MenuPlace {
  readonly menu:
    | 'view/title'
    | 'editor/title'
    | 'editor/context'
    | 'editor/paddock'
    | 'comments/commentThread/additionalActions'
    | 'scm/title'
    | 'terminal/context';
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
  /** The active editor has a complete proposed edit. */
  proposalHere: 'paddock.proposalHere',
  /** ... and the cursor is on one of its changes. */
  changeHere: 'paddock.changeHere',
  /** The active editor has a proposed edit that is being written. */
  proposalStreaming: 'paddock.proposalStreaming',
  /** Some document has a proposed edit. */
  proposalOpen: 'paddock.proposalOpen',
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
/**
 * Keys of proposed edits act only with the cursor in the editor that has one, and VS Code has no default for them: an
 * extension's keys win over those of VS Code.
 */
const inProposal = `${contextKeys.proposalHere} && editorTextFocus`;
const inDiff = 'resourceScheme == paddock-proposal';
const onChange = 'commentController == paddock.edits && commentThread == change';

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
  'paddock.edit.rewrite': {
    title: 'Rewrite…',
    enablement: 'editorIsOpen',
    keys: [{ key: 'ctrl+k a', mac: 'cmd+k a', when: 'editorTextFocus && !editorReadonly' }],
    menus: [{ menu: 'editor/paddock', group: '1_edit@2', when: '!editorReadonly' }],
  },
  'paddock.edit.fix': {
    title: 'Fix',
    enablement: 'editorIsOpen',
    menus: [{ menu: 'editor/paddock', group: '1_edit@3', when: '!editorReadonly && editorHasCodeActionsProvider' }],
  },
  'paddock.edit.document': {
    title: 'Document',
    enablement: 'editorIsOpen',
    menus: [{ menu: 'editor/paddock', group: '1_edit@4', when: '!editorReadonly' }],
  },
  'paddock.edit.tests': {
    title: 'Write Tests',
    enablement: 'editorIsOpen',
    menus: [{ menu: 'editor/paddock', group: '1_edit@5' }],
  },
  'paddock.edit.translate': {
    title: 'Translate Comments…',
    enablement: 'editorIsOpen',
    menus: [{ menu: 'editor/paddock', group: '1_edit@6', when: '!editorReadonly' }],
  },
  'paddock.completions.snooze': { title: 'Snooze Completions for Five Minutes' },
  'paddock.completions.resume': { title: 'Resume Completions' },
  'paddock.edit.repair': { title: 'Repair New Errors', palette: false },
  'paddock.edit.dismissErrors': { title: 'Dismiss New Errors', palette: false },
  'paddock.edit.accept': {
    title: 'Accept Edit',
    icon: 'check-all',
    palette: contextKeys.proposalHere,
    keys: [{ key: 'ctrl+k ctrl+y', mac: 'cmd+k cmd+y', when: inProposal }],
    menus: [{ menu: 'editor/title', group: 'navigation@1', when: `${contextKeys.proposalHere} && ${inDiff}` }],
  },
  'paddock.edit.reject': {
    title: 'Reject Edit',
    icon: 'close-all',
    palette: contextKeys.proposalHere,
    keys: [{ key: 'ctrl+k ctrl+n', mac: 'cmd+k cmd+n', when: inProposal }],
    menus: [{ menu: 'editor/title', group: 'navigation@2', when: `${contextKeys.proposalHere} && ${inDiff}` }],
  },
  'paddock.edit.acceptChange': {
    title: 'Accept Change',
    icon: 'check',
    palette: contextKeys.changeHere,
    keys: [{ key: 'ctrl+k y', mac: 'cmd+k y', when: `${contextKeys.changeHere} && editorTextFocus` }],
    menus: [{ menu: 'comments/commentThread/additionalActions', group: 'inline@1', when: onChange }],
  },
  'paddock.edit.rejectChange': {
    title: 'Reject Change',
    icon: 'close',
    palette: contextKeys.changeHere,
    keys: [{ key: 'ctrl+k n', mac: 'cmd+k n', when: `${contextKeys.changeHere} && editorTextFocus` }],
    menus: [{ menu: 'comments/commentThread/additionalActions', group: 'inline@2', when: onChange }],
  },
  'paddock.edit.next': {
    title: 'Go to Next Proposed Change',
    icon: 'arrow-down',
    palette: contextKeys.proposalOpen,
    keys: [{ key: 'ctrl+k j', mac: 'cmd+k j', when: inProposal }],
  },
  'paddock.edit.previous': {
    title: 'Go to Previous Proposed Change',
    icon: 'arrow-up',
    palette: contextKeys.proposalOpen,
    keys: [{ key: 'ctrl+k k', mac: 'cmd+k k', when: inProposal }],
  },
  'paddock.edit.show': { title: 'Show Proposed Edit…', palette: contextKeys.proposalOpen },
  'paddock.edit.compare': { title: 'Open Proposed Edit Side by Side', icon: 'diff', palette: contextKeys.proposalOpen },
  'paddock.edit.followUp': { title: 'Follow Up on Proposed Edit…', palette: contextKeys.proposalHere },
  'paddock.edit.copy': { title: 'Copy Proposed Text', palette: contextKeys.proposalHere },
  'paddock.edit.restore': { title: 'Show Rejected Edit', palette: contextKeys.proposalRejected },
  'paddock.edit.cancel': {
    title: 'Cancel Edit',
    icon: 'debug-stop',
    palette: contextKeys.proposalStreaming,
    keys: [{ key: 'ctrl+k n', mac: 'cmd+k n', when: `${contextKeys.proposalStreaming} && editorTextFocus` }],
    menus: [{ menu: 'editor/title', group: 'navigation@1', when: `${contextKeys.proposalStreaming} && ${inDiff}` }],
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
