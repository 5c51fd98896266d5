/** Views, the walkthrough and the other parts of the manifest, except commands and settings. Texts are English. */

export const viewContainer = { id: 'paddock', title: 'Paddock', icon: 'media/icon.svg' } as const;

export const chatView = {
  id: 'paddock.chat',
  name: 'Chat',
  icon: 'media/icon.svg',
  type: 'webview',
} as const;

/** The editor tab of the lab. */
export const labPanel = { id: 'paddock.lab' } as const;

/** The submenu in the editor's context menu. */
export const editorSubmenu = { id: 'editor/paddock', label: 'Paddock' } as const;

/** The scheme of the virtual documents that hold a proposed edit. */
export const proposalScheme = 'paddock-proposal';

export const walkthrough = {
  id: 'start',
  title: 'Get Started with Paddock',
  description: 'A coding assistant that runs entirely on this computer.',
  steps: [
    {
      id: 'model',
      title: 'Get a model',
      description:
        'Choose one that fits the memory of this computer. It is downloaded once and checked; after that Paddock needs no network.\n[Choose a Model](command:paddock.models.choose)',
      markdown: 'media/walkthrough/model.md',
    },
    {
      id: 'ask',
      title: 'Ask a question',
      description: 'Ask about code, a command or an error message.\n[Open Chat](command:paddock.openChat)',
      markdown: 'media/walkthrough/ask.md',
    },
    {
      id: 'edit',
      title: 'Change code',
      description:
        'Select code and press the light bulb: fix, rewrite, document, test. You see each change before anything is written.',
      markdown: 'media/walkthrough/edit.md',
    },
    {
      id: 'lab',
      title: 'Train your own model',
      description:
        'Train a model on questions and answers that you choose, on this computer, and use it in the chat.\n[Open Lab](command:paddock.lab.open)',
      markdown: 'media/walkthrough/lab.md',
    },
  ],
} as const;
